"use strict";
// The token is taken out of the address at once, so that it stays in no history.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const part = (id) => document.getElementById(id);
const messages = ["differ", "done", "void", "failed", "answer"];
const show = (id) => messages.forEach((other) => { part(other).hidden = other !== id; });

if (!token) {
  part("choose").hidden = true;
  show("void");
}

part("choose").addEventListener("submit", async (event) => {
  event.preventDefault();
  show(null);
  if (part("password").value !== part("again").value) {
    show("differ");
    return;
  }
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch("reset-password", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, new_password: part("password").value }),
    });
    if (response.ok) {
      part("choose").hidden = true;
      show("done");
    } else {
      const problem = await response.json();
      part("answer").textContent = [problem.title, problem.detail].filter(Boolean).join(" ");
      show("answer");
    }
  } catch {
    show("failed");
  } finally {
    button.disabled = false;
  }
});
