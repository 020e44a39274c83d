/**
 * Takes out of a CycloneDX list what differs from run to run and from machine to machine, and gives it our version and
 * time: the same sources make the same list. Reads standard input, writes standard output.
 *
 *   node sbom.mts VERSION
 */
import { readFileSync } from "node:fs";

const version = process.argv[2];
const list = JSON.parse(readFileSync(0, "utf8"));
if (list.bomFormat !== "CycloneDX" || !Array.isArray(list.components)) {
  console.error("This is no CycloneDX list.");
  process.exit(1);
}
delete list.serialNumber;
list.metadata.timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString();
list.metadata.component.version = version;
// Where a package lay on this machine is nobody's business.
const text = JSON.stringify(list, null, 2).replaceAll(
  /path\+file:\/\/[^"#]*\/native-host/g,
  "path+file:///pkarr/native-host",
);
process.stdout.write(`${text}\n`);
