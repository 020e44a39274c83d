/**
 * Other programs: started in a process group of their own, listened to, and stopped with everything they started.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { until } from "./until.ts";

/** How much of a program's output is kept for a failure message. */
const KEPT_OUTPUT = 64 * 1024;

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  input?: string;
  cwd?: string;
  timeout?: number;
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever its exit status. */
export async function attempt(command: string, args: string[], options: RunOptions = {}): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeout ?? 60_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  // A program that doesn't read its input may be gone before all of it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** Runs a program to its end and returns what it printed; a failure is thrown with its own words. */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await attempt(command, args, options);
  if (status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr || stdout}`);
  return stdout;
}

/** A program that keeps running. */
export class Running {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  #output = "";
  #ended = false;

  constructor(command: string, args: string[], options: SpawnOptions = {}) {
    this.#name = [command, ...args].join(" ");
    this.#child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const { stdout, stderr } = this.#child;
    if (!stdout || !stderr) throw new Error(`no output from ${command}`);
    this.#lines = createInterface({ input: stdout });
    this.#lines.on("line", (line) => this.#keep(`${line}\n`));
    stderr.setEncoding("utf8").on("data", (text) => this.#keep(text));
    this.#child.on("error", (error) => {
      this.#keep(`${error}\n`);
      this.#ended = true;
    });
    this.#child.on("exit", () => (this.#ended = true));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start: ${this.#output}`);
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The last of what it printed, both streams. */
  get output(): string {
    return this.#output;
  }

  /** The first line it prints on stdout that satisfies `matches`. */
  async line(matches: (line: string) => boolean = () => true, timeout = 20_000): Promise<string> {
    return await new Promise((resolve, reject) => {
      const done = (act: () => void) => {
        clearTimeout(timer);
        this.#lines.off("line", onLine);
        this.#lines.off("close", onClose);
        act();
      };
      const fail = (why: string) => done(() => reject(new Error(`${this.#name} ${why}:\n${this.#output}`)));
      const onLine = (line: string) => {
        if (matches(line)) done(() => resolve(line));
      };
      const onClose = () => fail("ended without the line that was waited for");
      const timer = setTimeout(
        () => fail(`did not print the line that was waited for in ${timeout} ms`),
        timeout,
      );
      this.#lines.on("line", onLine);
      this.#lines.on("close", onClose);
    });
  }

  /** Asks it to end, and insists after five seconds. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#child.pid === undefined) return;
    await stopGroup(this.#child.pid, signal);
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
  }
}

/** Ends a whole process group and waits until none of it is left. */
export async function stopGroup(leader: number, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (!signalGroup(leader, signal)) return;
  const gone = () => !groupIsAlive(leader);
  const left = await until(gone, { timeout: 5_000, every: 20 }).catch(() => null);
  if (left) return;
  signalGroup(leader, "SIGKILL");
  await until(gone, { timeout: 5_000, every: 20, what: `the end of process group ${leader}` });
}

function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

/** Whether anything but zombies is left of a process group. */
function groupIsAlive(leader: number): boolean {
  return processes().some((entry) => entry.group === leader && entry.state !== "Z");
}

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  state: string;
  executable: string;
  command: string[];
}

/** The processes of this machine, or of this process id namespace, as /proc tells them. */
export function processes(): ProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // pid (comm) state ppid pgrp …; comm may hold spaces and brackets, so count from its closing one.
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state = "", parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
        return [
          {
            pid: Number(name),
            parent: Number(parent),
            group: Number(group),
            state,
            executable: executable(name),
            command,
          },
        ];
      } catch {
        return [];
      }
    });
}

function executable(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}
