// Shows each change of the stock of this page's shoe. A gap means that some may be missing: then the page is loaded anew.
const sizes = document.querySelector("[data-product]");
const state = document.getElementById("stock-state");
const events = new EventSource(`/stock?product=${sizes.dataset.product}`);

events.onopen = () => (state.hidden = false);
events.onerror = () => (state.hidden = true);
events.addEventListener("gap", () => location.reload());
events.onmessage = ({ data }) => {
  const { size, quantity } = JSON.parse(data);
  const left = sizes.querySelector(`[data-size="${size}"]`);
  if (!left) return;
  left.textContent = `${quantity} left`;
  left.classList.remove("changed");
  requestAnimationFrame(() => left.classList.add("changed"));
  sizes.querySelector(`input[value="${size}"]`).disabled = quantity === 0;
};
