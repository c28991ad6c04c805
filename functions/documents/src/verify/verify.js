"use strict";
// Where the browser can hash, the file is hashed on this device and only its digest is sent; the file itself follows
// once, if the register does not know the digest. Browsers hash only in a secure context; elsewhere the file is sent.
const UPLOAD_LIMIT = 4 * 1024 * 1024; // A function URL takes 6 MiB, in base64.
const canHash = Boolean(globalThis.crypto && crypto.subtle);
const input = document.getElementById("file");
const result = document.getElementById("result");

document.getElementById(canHash ? "digested" : "uploaded").hidden = false;
input.disabled = false;

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

/** What is told instead of a verdict. */
class Refusal extends Error {}

async function digest(file) {
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new Refusal("Berkas tidak dapat dibaca di perangkat ini. Pilih kembali berkasnya.");
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(type, body) {
  let response;
  try {
    response = await fetch("/api/v1/verify", { method: "POST", headers: { "content-type": type }, body });
  } catch {
    throw new Refusal("Layanan tidak dapat dihubungi. Silakan coba lagi.");
  }
  // What stands before the service may refuse in words of its own.
  const answer = await response.json().catch(() => ({}));
  if (response.ok && answer.verdict) return answer;
  if (answer.title) throw new Refusal(answer.title);
  if (response.status === 413) throw new Refusal("Berkas terlalu besar untuk dikirim. Pindai kode QR pada dokumen.");
  throw new Refusal("Layanan sedang bermasalah. Silakan coba lagi.");
}

/** The answer, and whether the file itself was asked about. */
async function verify(file) {
  if (canHash) {
    const answer = await ask("application/json", JSON.stringify({ sha256: await digest(file) }));
    if (answer.verdict !== "unknown" || file.size > UPLOAD_LIMIT) return { answer, whole: false };
  } else if (file.size > UPLOAD_LIMIT) {
    throw new Refusal("Berkas lebih dari 4 MB tidak dapat dikirim. Buka situs ini dengan alamat https, atau pindai kode QR pada dokumen.");
  }
  // Only the bytes themselves tell an altered file from a foreign one.
  return { answer: await ask("application/pdf", file), whole: true };
}

function report({ answer, whole }) {
  const good = answer.verdict === "authentic" || answer.verdict === "authentic_extended";
  const inForce = answer.document && answer.document.standing === "in_force";
  const lines = [answer.message];
  if (answer.verdict === "unknown" && !whole) {
    lines[0] = "Sidik jari berkas ini tidak terdaftar: berkas ini bukan terbitan kami, atau telah diubah setelah diterbitkan. Jangan dipercaya begitu saja.";
    lines.push("Berkas lebih dari 4 MB tidak dapat diperiksa lebih jauh. Pindai kode QR pada dokumen untuk melihat data aslinya.");
  }
  if (answer.document) {
    if (answer.document.number) lines.push("Nomor: " + answer.document.number);
    lines.push("Penanda tangan: " + answer.document.signer);
  }
  show(good && inForce ? "good" : good ? "warn" : "bad", good ? "Asli" : "Tidak dapat dipastikan asli", lines);
}

input.addEventListener("change", async () => {
  const file = input.files[0];
  if (!file) return;
  input.disabled = true;
  show("", "Memeriksa…", [file.name]);
  try {
    report(await verify(file));
  } catch (failure) {
    const sentence = failure instanceof Refusal ? failure.message : "Pemeriksaan gagal. Silakan coba lagi.";
    show("bad", "Tidak dapat diperiksa", [sentence]);
  } finally {
    input.disabled = false;
    // The same file may be chosen again, for example after a refusal.
    input.value = "";
  }
});
