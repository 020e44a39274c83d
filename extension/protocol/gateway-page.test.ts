import { expect, it } from "vitest";
import { gatewaysCode } from "./gateway-page";

it("is told from a site's page by its field, in any case", () => {
  const fields = [{ name: "Content-Type", value: "text/html" }];
  expect(gatewaysCode([...fields, { name: "pkarr-error", value: "no-record" }])).toBe("no-record");
  expect(gatewaysCode([...fields, { name: "Pkarr-Error", value: "https-off" }])).toBe("https-off");
  expect(gatewaysCode(fields)).toBeNull();
  expect(gatewaysCode(undefined)).toBeNull();
});
