// Adds what is said, and who comes and goes. Without this script the form works, and loads the page anew.
const talk = document.querySelector(".talk");
const said = document.getElementById("said");
const members = document.getElementById("members");
const form = document.getElementById("say");
const here = new Set([...members.children].map((item) => item.textContent));

const events = new EventSource(`/chat/events?lastEventId=${talk.dataset.position}`);
events.addEventListener("gap", () => location.reload());
events.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.type === "say") add(event.from, event.data.text);
  if (event.type === "join") here.add(event.member.id);
  if (event.type === "leave") here.delete(event.member.id);
  members.replaceChildren(...[...here].sort().map((name) => element("li", name)));
};
addEventListener("pagehide", () => events.close());
said.scrollTop = said.scrollHeight;

form.addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  form.elements.text.value = "";
  await fetch("/chat", { method: "POST", body, redirect: "manual" });
});

function add(from, text) {
  const item = document.createElement("li");
  item.append(element("strong", from), ` ${text}`);
  said.append(item);
  said.scrollTop = said.scrollHeight;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
