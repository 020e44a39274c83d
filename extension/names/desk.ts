/** Answers what the extension's pages ask about names and opened keys. */

import { speak } from "../i18n/i18n";
import type { AskedOfNames, NameAsks } from "./asks";
import { namesFile, namesIn } from "./file";
import { type Resembled, resembled } from "./look-alike";
import type { Names } from "./names";
import type { Opened } from "./opened";
import { NameRefused } from "./problem";

export class NameDesk {
  readonly names: Names;
  readonly opened: Opened;

  constructor(names: Names, opened: Opened) {
    this.names = names;
    this.opened = opened;
  }

  async answer(asked: AskedOfNames): Promise<NameAsks[keyof NameAsks]["answer"]> {
    try {
      return await this.#answer(asked);
    } catch (failure) {
      if (failure instanceof NameRefused) {
        await speak();
        return { failed: failure.error };
      }
      return { failed: { code: -32603, message: String(failure) } };
    }
  }

  /** The key that this one may be taken for, or null. */
  async resembled(key: string): Promise<Resembled | null> {
    return resembled(key, await this.names.all(), await this.opened.all());
  }

  async #answer(asked: AskedOfNames): Promise<NameAsks[keyof NameAsks]["answer"]> {
    switch (asked.question) {
      case "known":
        return {
          name: await this.names.nameOf(asked.key),
          opened: await this.opened.of(asked.key),
          resembles: await this.resembled(asked.key),
        };
      case "names":
        return {
          names: await this.names.all(),
          opened: await this.opened.all(),
          keeps: await this.opened.isKept(),
        };
      case "nameKey":
        return { name: await this.names.name(asked.key, asked.name) };
      case "forgetName":
        await this.names.forget(asked.key);
        return {};
      case "importNames":
        return { imported: await this.names.import(namesIn(asked.text), asked.keep) };
      case "forgetNames":
        await this.names.forgetAll();
        return {};
      case "exportNames":
        return { text: namesFile(await this.names.all()) };
      case "keepOpened":
        await this.opened.keep(asked.on);
        return {};
      case "importOpened":
        await this.opened.import(asked.opened);
        return {};
      case "forgetOpened":
        await this.opened.forget(asked.key);
        return {};
    }
  }
}
