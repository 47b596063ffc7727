// The ways in which data reaches the document: as text and attributes, never as
// markup, and into the elements that are there already, so that focus stays.

// clone makes an element from the template of that id.
export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

// create makes an element with text in it.
export function create(name, text = "", className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

// slot finds the place for one value.
export function slot(node, name) {
  return node.querySelector(`[data-slot="${name}"]`);
}

// write sets a text, and leaves the document alone when it says that already.
export function write(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

// writeOrHide shows a paragraph only while it has something to say.
export function writeOrHide(node, text) {
  write(node, text);
  node.hidden = text === "";
}

// list gives each item one child of the parent, in order. A child stays with its
// key for as long as an item has that; make creates it, fill shows the item.
export function list(parent, items, keyOf, make, fill) {
  const keys = distinct(items.map(keyOf));
  const kept = new Map();
  for (const child of [...parent.children]) {
    if (keys.includes(child.dataset.key)) kept.set(child.dataset.key, child);
    else child.remove();
  }
  let next = parent.firstElementChild;
  items.forEach((item, i) => {
    const child = kept.get(keys[i]) ?? make(item);
    child.dataset.key = keys[i];
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
    fill(child, item);
  });
}

// distinct numbers equal keys, such as those of two tasks that have no address
// yet, or of a line that is in the log twice.
function distinct(keys) {
  const seen = new Map();
  return keys.map((key) => {
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return `${key} ${seen.get(key)}`;
  });
}
