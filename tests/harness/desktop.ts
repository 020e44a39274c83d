/**
 * A screen nobody looks at, with a window manager, a keyboard and a mouse: for what only happens when a person types.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Cleanup } from "./cleanup.ts";
import { attempt, Running, run } from "./processes.ts";
import { until } from "./until.ts";

const SIZE = "1280x900x24";

export class Desktop {
  /** The display's name, as in DISPLAY. */
  readonly display: string;
  readonly #cleanup: Cleanup;

  private constructor(display: string, cleanup: Cleanup) {
    this.display = display;
    this.#cleanup = cleanup;
  }

  static async start(): Promise<Desktop> {
    const cleanup = new Cleanup();
    try {
      // Xvfb picks a free number and tells it on its standard output.
      const server = new Running("Xvfb", [
        "-displayfd",
        "1",
        "-screen",
        "0",
        SIZE,
        "-nolisten",
        "tcp",
        "-ac",
        // Else it begins anew when its last client leaves, and turns away whoever is just coming.
        "-noreset",
      ]);
      cleanup.defer(() => server.stop());
      const display = `:${(await server.line((line) => /^\d+$/.test(line))).trim()}`;
      const manager = new Running("openbox", [], { env: { ...process.env, DISPLAY: display } });
      cleanup.defer(() => manager.stop());
      const desktop = new Desktop(display, cleanup);
      const managed = async () => (await desktop.#xdotool("get_desktop")).status === 0;
      await until(managed, { what: "the window manager" }).catch((failure) => {
        throw new Error(`${display}: ${manager.output}${server.output}`, { cause: failure });
      });
      return desktop;
    } catch (failure) {
      await cleanup.run();
      throw failure;
    }
  }

  /** What a program needs to find this screen. */
  get env(): Record<string, string> {
    return { DISPLAY: this.display, WAYLAND_DISPLAY: "", GDK_BACKEND: "x11", MOZ_ENABLE_WAYLAND: "0" };
  }

  /** Gives the keyboard to the visible window of this class, once there is one. */
  async focus(windowClass: string): Promise<void> {
    await until(
      async () => {
        const window = (await this.#windows("--class", windowClass)).at(-1);
        if (!window) return false;
        return (await this.#xdotool("windowactivate", "--sync", window)).status === 0;
      },
      { what: `a window of ${windowClass} that takes the keyboard` },
    );
  }

  /** Presses keys by their names, such as `ctrl+l` or `Return`. */
  async press(...keys: string[]): Promise<void> {
    await run("xdotool", ["key", "--clearmodifiers", ...keys], { env: this.env });
  }

  /** Opens the context menu of whatever has the focus. */
  async openMenu(): Promise<void> {
    const before = (await this.#windows("--name", "")).length;
    await this.press("shift+F10");
    // A menu is a window of its own, in Chromium without a class.
    await until(async () => (await this.#windows("--name", "")).length > before, { what: "a context menu" });
  }

  /** Types text, character by character. */
  async type(text: string): Promise<void> {
    await run("xdotool", ["type", "--clearmodifiers", "--delay", "12", text], { env: this.env });
  }

  /** Keeps what is on the screen, where there is a program for that (ImageMagick's): what failed must not be hidden. */
  async screenshot(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await attempt("import", ["-window", "root", path], { env: this.env }).catch(() => {});
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }

  async #windows(...which: string[]): Promise<string[]> {
    const { stdout } = await this.#xdotool("search", "--onlyvisible", ...which);
    return stdout.trim().split("\n").filter(Boolean);
  }

  async #xdotool(...args: string[]) {
    return await attempt("xdotool", args, { env: this.env, timeout: 5_000 });
  }
}
