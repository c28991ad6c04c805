"use strict";
// The file is hashed on this device; only its digest is sent.
const input = document.getElementById("file");
const result = document.getElementById("result");

function show(kind, title, lines) {
  result.className = "card " + kind;
  result.replaceChildren();
  const heading = document.createElement("h2");
  heading.textContent = title;
  result.append(heading);
  for (const line of lines) {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    result.append(paragraph);
  }
  result.hidden = false;
}

async function ask(file) {
  if (!globalThis.crypto || !crypto.subtle) {
    return fetch("/api/v1/verify", { method: "POST", headers: { "content-type": "application/pdf" }, body: file });
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const headers = { "content-type": "application/json" };
  return fetch("/api/v1/verify", { method: "POST", headers, body: JSON.stringify({ sha256 }) });
}

input.addEventListener("change", async () => {
  const file = input.files[0];
  if (!file) return;
  show("", "Memeriksa…", [file.name]);
  try {
    let response = await ask(file);
    let answer = await response.json();
    if (response.ok && answer.verdict === "unknown" && file.size <= 4 * 1024 * 1024) {
      // Only the bytes themselves tell an altered file from a foreign one.
      response = await fetch("/api/v1/verify", { method: "POST", headers: { "content-type": "application/pdf" }, body: file });
      answer = await response.json();
    }
    if (!response.ok) return show("bad", "Tidak dapat diperiksa", [answer.title]);
    const good = answer.verdict === "authentic" || answer.verdict === "authentic_extended";
    const inForce = answer.document && answer.document.standing === "in_force";
    const lines = [answer.message];
    if (answer.document) {
      if (answer.document.number) lines.push("Nomor: " + answer.document.number);
      lines.push("Penanda tangan: " + answer.document.signer);
    }
    show(good && inForce ? "good" : good ? "warn" : "bad", good ? "Asli" : "Tidak dapat dipastikan asli", lines);
  } catch {
    show("bad", "Tidak dapat diperiksa", ["Layanan tidak dapat dihubungi. Silakan coba lagi."]);
  }
});
