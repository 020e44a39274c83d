/** A reporter for node's test runner that writes down the files in which something failed, a line each. */
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const told = new Set<string>();
  for await (const event of events) {
    if (event.type !== "test:fail" || event.data.todo !== undefined) continue;
    // A file that could not be run at all is a test named like it. A group stands where the harness describes it, and
    // fails with its tests.
    const file = relative("", event.data.file ?? event.data.name);
    if (!file.endsWith(".test.ts") || told.has(file)) continue;
    told.add(file);
    yield `${file}\n`;
  }
}
