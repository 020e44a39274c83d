// The little the sample site computes: its own name, links that contain it, and four things every site relies on.

const key = location.hostname.replace(/\.$/, "").split(".").at(-1);
const port = location.port ? `:${location.port}` : "";

document.getElementById("host").textContent = location.host;

link("subdomain", `${location.protocol}//www.${key}${port}/`);
link("apex", `${location.protocol}//${key}${port}/`);

tell("picture", picture);
tell("request", request);
tell("socket", socket);
tell("storage", storage);
for (const element of document.querySelectorAll(".secure")) {
  if (isSecureContext) element.hidden = false;
  else element.remove();
}
tell("secure", cryptography);

function link(id, address) {
  const element = document.getElementById(id);
  if (element) element.href = address;
}

async function tell(id, check) {
  const element = document.getElementById(id);
  if (!element) return;
  const works = await check().catch(() => false);
  element.textContent = works ? "works" : "does not work";
  element.classList.toggle("works", works);
}

async function picture() {
  const image = new Image();
  image.src = "/mark.svg?again";
  await image.decode();
  return image.naturalWidth > 0;
}

async function request() {
  const response = await fetch("/hello");
  const { host, dht } = await response.json();
  for (const element of document.querySelectorAll(".embedded")) element.hidden = dht !== "embedded";
  return host === location.host;
}

function socket() {
  return new Promise((resolve, reject) => {
    const line = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/echo`);
    line.onopen = () => line.send("hello");
    line.onmessage = (event) => {
      line.close();
      resolve(event.data === "hello");
    };
    line.onerror = reject;
  });
}

async function cryptography() {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array());
  return digest.byteLength === 32;
}

async function storage() {
  localStorage.setItem("visited", "yes");
  return localStorage.getItem("visited") === "yes";
}
