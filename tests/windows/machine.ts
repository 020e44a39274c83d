/**
 * The Windows that tests/windows/in-wine has made: its files, its registry, programs on it. What programs for Windows
 * leave behind counts here, and never their exit status, for wine's can't be relied upon.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { filesOf } from "../packages/tree.ts";

/** How long a program may take. */
const PATIENCE = 120_000;
/** The most bytes of a native messaging answer. */
const MAX_ANSWER = 1024 * 1024;

const wine = required("WINE");
const drive = join(required("WINEPREFIX"), "drive_c");
const user = `C:\\users\\${userInfo().username}`;

export const localAppData = `${user}\\AppData\\Local`;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run it in tests/windows/in-wine`);
  return value;
}

/** Where a file of the Windows is on this machine. */
export function here(path: string): string {
  return join(drive, ...path.split("\\").slice(1));
}

/** Runs a program to its end. */
export async function run(program: string, args: string[]): Promise<void> {
  // Nothing is read of what it prints: what wine starts beside it would hold a pipe open after its end.
  const child = spawn(wine, [program, ...args], {
    stdio: "ignore",
    timeout: PATIENCE,
  });
  await once(child, "exit");
}

/** Does something while the folder for temporary files is on another drive: moving a file to it means copying it. */
export async function withTemporaryOnAnotherDrive(act: () => Promise<void>): Promise<void> {
  // In memory, for what is on one file system here can be moved in one step, whatever the drives say.
  const folder = mkdtempSync("/dev/shm/pkarr-drive-");
  const letter = join(required("WINEPREFIX"), "dosdevices/t:");
  const before = "C:\\environment.reg";
  symlinkSync(folder, letter);
  await run("reg", ["export", "HKCU\\Environment", before, "/y"]);
  try {
    for (const name of ["TEMP", "TMP"]) {
      await run("reg", ["add", "HKCU\\Environment", "/v", name, "/d", "T:\\", "/f"]);
    }
    await act();
  } finally {
    await run("reg", ["import", before]);
    rmSync(here(before));
    rmSync(letter);
    rmSync(folder, { recursive: true });
  }
}

/** All files and folders, but those in the folders for temporary ones. */
export function files(): Set<string> {
  const temporary = [here(`${user}\\Temp`), here(`${localAppData}\\Temp`), here("C:\\windows\\temp")];
  // A link leads to the home folder of this machine's user, and is not followed.
  const lasts = (path: string) =>
    !temporary.some((folder) => path === folder || path.startsWith(`${folder}/`));
  return new Set([...filesOf(drive)].filter(lasts));
}

/** Files in the folder for temporary ones, but the copy of itself that every uninstaller of NSIS leaves there. */
export function temporaryFiles(): string[] {
  return readdirSync(here(`${user}\\Temp`)).filter((name) => !name.startsWith("~nsu"));
}

/**
 * The keys of the user's part of the registry, each with its values as `reg export` writes them. What wine keeps there
 * for itself, and Windows has not, is left out.
 */
export async function registry(): Promise<Map<string, string>> {
  const file = "C:\\registry.reg";
  await run("reg", ["export", "HKCU", file, "/y"]);
  const text = readFileSync(here(file), "utf16le").replaceAll("\r", "");
  rmSync(here(file));
  const keys = new Map<string, string>();
  for (const part of text.split("\n[").slice(1)) {
    const [head = "", ...lines] = part.split("\n");
    const key = head.replace(/\]$/, "").replace("HKEY_CURRENT_USER\\", "");
    if (!/^Software\\Wine(\\|$)/.test(key)) keys.set(key, lines.join("\n").trim());
  }
  return keys;
}

/** The default value of a key, read from what `registry` gives. */
export function defaultValue(values: string | undefined): string | undefined {
  const written = values?.match(/^@="(.*)"$/m)?.[1];
  return written?.replaceAll("\\\\", "\\").replaceAll('\\"', '"');
}

/** A native messaging host, started as browsers do. */
export class Host {
  readonly #child: ChildProcess;
  #heard = Buffer.alloc(0);

  constructor(program: string, args: string[]) {
    this.#child = spawn(wine, [program, ...args], { stdio: ["pipe", "pipe", "ignore"] });
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, bytes]);
    });
  }

  /** Says hello and gives the result. */
  async hello(): Promise<{ version: string; protocol: number }> {
    const params = { version: "0.1.0", protocol: 1 };
    const hello = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "hello", params }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(hello.length);
    this.#child.stdin?.write(Buffer.concat([length, hello]));
    return JSON.parse((await this.#message()).toString("utf8")).result;
  }

  async #message(): Promise<Buffer> {
    while (true) {
      const length = this.#heard.length >= 4 ? this.#heard.readUInt32LE() : undefined;
      if (length !== undefined && length > MAX_ANSWER) throw new Error(`an answer of ${length} bytes`);
      if (length !== undefined && this.#heard.length >= 4 + length) {
        const message = this.#heard.subarray(4, 4 + length);
        this.#heard = this.#heard.subarray(4 + length);
        return message;
      }
      const { stdout } = this.#child;
      if (!stdout || stdout.readableEnded) throw new Error("the host ended without an answer");
      await Promise.race([once(stdout, "data"), once(stdout, "end")]);
    }
  }

  /** Closes the pipe, as a browser does when it ends, and waits for the host's end. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    const gone = exitCode === null && signalCode === null ? once(this.#child, "exit") : undefined;
    this.#child.stdin?.end();
    await gone;
  }
}
