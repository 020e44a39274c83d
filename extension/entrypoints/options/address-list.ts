/** One list of addresses the program asks: the usual ones, those a person writes down, or (relays) none. */

import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import type { HostSettings } from "../../protocol/protocol";
import type { Change } from "./change";

type Kind = "usual" | "none" | "own";

export class AddressList {
  readonly #name: "relays" | "bootstrap";
  readonly #change: Change;
  readonly #form: HTMLFormElement;
  readonly #text: HTMLTextAreaElement;
  /** As the program has it. */
  #known: HostSettings | null = null;

  constructor(name: "relays" | "bootstrap", change: Change) {
    this.#name = name;
    this.#change = change;
    this.#form = element<HTMLFormElement>(name);
    this.#text = element<HTMLTextAreaElement>(`${name}-list`);
    this.#form.addEventListener("input", () => this.#follow());
    this.#form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.#fill();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
  }

  /** Shows what the program has, unless somebody is writing. */
  show(settings: HostSettings): void {
    const written = this.#known !== null && this.#isChanged();
    this.#known = settings;
    const fixed = settings.fixed.includes(this.#name);
    this.#part("fieldset", HTMLFieldSetElement).disabled = fixed;
    this.#part(".fixed").hidden = !fixed;
    const usual = settings[this.#name].map((address) => {
      const line = document.createElement("li");
      line.className = "mono";
      line.textContent = plainText(address);
      return line;
    });
    this.#part(".addresses").replaceChildren(...usual);
    if (written) this.#follow();
    else this.#fill();
  }

  /** Puts what the program has into the fields. */
  #fill(): void {
    if (!this.#known) return;
    const kind = this.#form.elements.namedItem("kind") as RadioNodeList;
    kind.value = this.#kindOf(this.#known);
    this.#text.value = this.#known[this.#name].join("\n");
    this.#tell("");
    this.#follow();
  }

  /** Shows what belongs to what is chosen now. */
  #follow(): void {
    const kind = this.#kind;
    this.#part(".own").hidden = kind !== "own";
    // What the usual ones are is known while they are in use.
    const known = this.#known !== null && this.#kindOf(this.#known) === "usual";
    this.#part(".now").hidden = kind !== "usual" || !known || this.#known?.[this.#name].length === 0;
    this.#part(".actions").hidden = !this.#isChanged();
  }

  async #save(): Promise<void> {
    const kind = this.#kind;
    const name = this.#name;
    if (kind === "own" && this.#lines.length === 0) {
      this.#tell(say("options.noneWritten"));
      this.#text.focus();
      return;
    }
    const problem = await this.#change(
      kind === "usual" ? { reset: [name] } : { change: { [name]: this.#lines } },
    );
    this.#tell(problem);
    if (problem !== "") {
      if (kind === "own") this.#text.focus();
      return;
    }
    this.#fill();
    this.#form.querySelector<HTMLInputElement>("input:checked")?.focus();
  }

  get #kind(): Kind {
    return (this.#form.elements.namedItem("kind") as RadioNodeList).value as Kind;
  }

  get #lines(): string[] {
    if (this.#kind !== "own") return [];
    return this.#text.value
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  }

  #kindOf(settings: HostSettings): Kind {
    const { chosen, fixed } = settings;
    if (!chosen.includes(this.#name) && !fixed.includes(this.#name)) return "usual";
    return this.#name === "relays" && settings.relays.length === 0 ? "none" : "own";
  }

  #isChanged(): boolean {
    if (!this.#known) return false;
    const kind = this.#kindOf(this.#known);
    if (kind !== this.#kind) return true;
    return kind === "own" && this.#lines.join("\n") !== this.#known[this.#name].join("\n");
  }

  #tell(problem: string): void {
    element(`${this.#name}-problem`).textContent = problem;
    this.#text.ariaInvalid = problem === "" ? null : "true";
  }

  #part<T extends HTMLElement>(selector: string, _type?: new () => T): T {
    return this.#form.querySelector(selector) as T;
  }
}
