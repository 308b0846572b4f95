// The filter editor's live part: check while one writes, words that fit, and the count of the last night.
// The form works without it. Everything is put into the page as text, never as markup.
"use strict";

(() => {
  const form = document.getElementById("editor");
  const text = document.getElementById("text");
  const offered = document.getElementById("offered");
  const verdict = document.getElementById("verdict");
  const count = document.getElementById("count");
  const base = form.dataset.base;
  const MOST = 12;
  let words = [];
  let fitting = [];
  let chosen = -1;
  let round = 0;
  let counting = false;
  let timer = 0;

  const element = (tag, content, className) => {
    const made = document.createElement(tag);
    made.textContent = content;
    if (className) made.className = className;
    return made;
  };

  const ask = async (path, body) => {
    const sent = body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    };
    const answer = await fetch(`${base}/api/v1/${path}`, sent);
    return { ok: answer.ok, told: await answer.json() };
  };

  // The line with the place, and a caret below it.
  const placed = (whole, position) => {
    const start = whole.lastIndexOf("\n", position - 1) + 1;
    const line = whole.slice(start).split("\n", 1)[0].replaceAll("\t", " ");
    return `${line}\n${" ".repeat(position - start)}^`;
  };

  const write = (from, to, word) => {
    text.setRangeText(word, from, to, "end");
    text.focus();
    changed();
  };

  const refused = (whole, told) => {
    const box = element("div", "", "error");
    const position = told.position;
    const placeable = Number.isInteger(position) && position <= whole.length;
    if (placeable) box.append(element("pre", placed(whole, position), "place"));
    const detail = String(told.detail || "");
    box.append(element("p", detail.charAt(0).toUpperCase() + detail.slice(1)));
    const wrong = placeable && whole.slice(position).match(/^(?:'[^']*'|[A-Za-z_][A-Za-z0-9_.]*)/);
    if (wrong && told.suggestion) {
      const quote = wrong[0].startsWith("'") ? "'" : "";
      const button = element("button", `Use ${told.suggestion}`, "plain");
      button.type = "button";
      button.addEventListener("click", () => {
        if (text.value === whole) write(position, position + wrong[0].length, quote + told.suggestion + quote);
      });
      box.append(button);
    }
    verdict.replaceChildren(box);
    text.setAttribute("aria-invalid", "true");
  };

  const accepted = (told) => {
    const reads = told.reads.map((each) => each.unit ? `${each.column} (${each.unit})` : each.column).join(", ");
    const line = element("p", "Nothing is wrong with it. ");
    line.append(element("span", `It reads ${reads || "no column"}.`, "quiet"));
    verdict.replaceChildren(line, element("pre", told.canonical, "place"));
    text.removeAttribute("aria-invalid");
  };

  const silent = (sentence) => verdict.replaceChildren(element("p", sentence, "quiet"));

  const check = async () => {
    const mine = ++round;
    const whole = text.value;
    if (!whole.trim()) {
      verdict.replaceChildren();
      text.removeAttribute("aria-invalid");
      return;
    }
    const name = document.getElementById("name").value;
    const body = /^[a-z][a-z0-9_]{0,63}$/.test(name) ? { text: whole, name } : { text: whole };
    try {
      const { ok, told } = await ask("filters/check", body);
      if (mine !== round) return;
      if (ok) accepted(told);
      else refused(whole, told);
    } catch {
      if (mine === round) silent("The broker does not answer; the text stays here.");
    }
  };

  const night = (number) => String(number).replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");

  const counted = (each) => {
    const line = element("p", "");
    const rest = each.complete ? "" : ", as far as there was time";
    line.append(element("strong", String(each.estimated)));
    line.append(` of the alerts of ${each.survey} in the night ${night(each.night)} `);
    line.append(element("span", `(${each.passed} of ${each.judged} that were judged${rest})`, "quiet"));
    const list = element("ul", "", "tags");
    for (const example of each.examples) {
      const link = element("a", example.object_id || example.alert_id);
      link.href = `${base}/alert/${encodeURIComponent(each.survey)}/${encodeURIComponent(example.alert_id)}`;
      const item = element("li", "");
      item.append(link);
      list.append(item);
    }
    return list.childElementCount ? [line, list] : [line];
  };

  const countNight = async () => {
    const whole = text.value;
    if (counting || !whole.trim()) return;
    counting = true;
    count.replaceChildren(element("p", "Counting…", "quiet"));
    try {
      const { ok, told } = await ask("filters/preview", { text: whole });
      if (text.value !== whole) count.replaceChildren();
      else if (!ok) count.replaceChildren(element("p", told.detail, "quiet"));
      else if (!told.nights.length) count.replaceChildren(element("p", "No night is recorded yet.", "quiet"));
      else count.replaceChildren(...told.nights.flatMap(counted));
    } catch {
      count.replaceChildren(element("p", "The broker does not answer.", "quiet"));
    }
    counting = false;
  };

  const changed = () => {
    round += 1;
    count.replaceChildren();
    clearTimeout(timer);
    timer = setTimeout(check, 300);
  };

  // The word that ends at the caret, and where it begins.
  const begun = () => {
    const before = text.value.slice(0, text.selectionStart);
    const word = before.match(/[A-Za-z_][A-Za-z0-9_.]*$/)?.[0] ?? "";
    const inText = (before.match(/'/g) ?? []).length % 2 === 1;
    return text.selectionStart === text.selectionEnd && !inText ? word : "";
  };

  const hide = () => {
    offered.hidden = true;
    chosen = -1;
    text.removeAttribute("aria-activedescendant");
  };

  const choose = (place) => {
    chosen = place;
    [...offered.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === place)));
    offered.children[place].scrollIntoView({ block: "nearest" });
    text.setAttribute("aria-activedescendant", `offered-${place}`);
  };

  const take = (place) => {
    const end = text.selectionStart;
    const start = end - begun().length;
    const { insert } = fitting[place];
    hide();
    write(start, end, insert);
  };

  const offer = () => {
    const word = begun().toLowerCase();
    const fits = (each, found) => each.name.toLowerCase() !== word && found(each.name.toLowerCase());
    const first = words.filter((each) => fits(each, (name) => name.startsWith(word)));
    const then = words.filter((each) => fits(each, (name) => name.includes(word) && !name.startsWith(word)));
    fitting = word.length < 2 ? [] : [...first, ...then].slice(0, MOST);
    hide();
    offered.replaceChildren(...fitting.map((each, place) => {
      const item = element("li", `${each.name} `);
      item.append(element("span", [each.sort, each.unit, each.meaning].filter(Boolean).join(" · ")));
      item.id = `offered-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(place); });
      return item;
    }));
    offered.hidden = !fitting.length;
  };

  text.addEventListener("input", () => { changed(); offer(); });
  text.addEventListener("blur", hide);
  text.addEventListener("keydown", (event) => {
    if (offered.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choose((chosen + step + fitting.length + (chosen < 0 && step < 0 ? 1 : 0)) % fitting.length);
    else if (event.key === "Enter" && chosen >= 0) take(chosen);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  });
  document.getElementById("do-count")?.addEventListener("click", (event) => {
    event.preventDefault();
    countNight();
  });

  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", "offered");
  if (!verdict.childElementCount) check();
  ask("language").then(({ ok, told }) => { if (ok) words = told.words; }, () => {});
})();
