import { afterEach, describe, expect, it, vi } from "vitest";
import { hex, signedPacket, verified } from "./signed-packet";

// Made by another implementation (crate pkarr 8.1.0).
const KEY = "bizf9xcxpohgckh7ox99x4tdcfr5ng797uz6pnug4ruskytcdqhy";
const OTHER_KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const EMPTY =
  "5ade8c9cda42e67d8cf3b9813204d63eb1b7a773cee069338be0df83896732b8a790adc600e0489f10b0adfdfd371f59a490e8b3e9f92fe4479363" +
  "1c7096970f00060a24182d8245000080000000000000000000";
const TWO_RECORDS =
  "3a9ef0a193d5cc62fc65a2d317471ace5393ab20e75db150d41b523e7ca02b765daa6fd6bbb1287c3938b14653e7bcabc779e4ff26837db70794ce" +
  "7a2738ce0d00060a24182d82460000800000000002000000003462697a6639786378706f6867636b68376f78393978347464636672356e67373937" +
  "757a36706e7567347275736b7974636471687900004100010000012c0038000134366b7861747333646a386270336873736e7867387a696d717964" +
  "777a79627a34637a346b797531736d313364673174753535346f00c00c004100010000012c000f0005076578616d706c6503636f6d00";

function packet(raw: string) {
  const made = signedPacket(raw);
  if (!made) throw new Error("no packet");
  return made;
}

afterEach(() => vi.restoreAllMocks());

describe("a signed packet", () => {
  it("is taken apart", () => {
    const { signature, seq, dns, bytes } = packet(EMPTY);
    expect(hex(bytes)).toBe(EMPTY);
    expect(hex(signature)).toBe(EMPTY.slice(0, 128));
    expect(seq).toBe(1_700_000_001_000_005n);
    expect(hex(dns)).toBe("000080000000000000000000");
  });

  it.each([
    ["nothing", ""],
    ["half a byte", `${EMPTY}0`],
    ["no hexadecimal", `zz${EMPTY}`],
    ["too short for a signature", EMPTY.slice(0, 100)],
    ["longer than any packet", "00".repeat(72 + 1_001)],
  ])("is not made of %s", (_, raw) => {
    expect(signedPacket(raw)).toBeNull();
  });

  it.each([EMPTY, TWO_RECORDS])("is good when the key has signed it", async (raw) => {
    expect(await verified(KEY, packet(raw))).toBe("good");
  });

  it("is bad when a byte of it is another one", async () => {
    const signature = TWO_RECORDS.replace(/^3a/, "3b");
    const seq = TWO_RECORDS.replace("00060a24182d8246", "00060a24182d8247");
    const dns = TWO_RECORDS.replace(/6d00$/, "6e00");
    for (const raw of [signature, seq, dns, `${TWO_RECORDS}00`]) {
      expect(raw).not.toBe(TWO_RECORDS);
      expect(await verified(KEY, packet(raw))).toBe("bad");
    }
  });

  it("is bad when another key is asked", async () => {
    expect(await verified(OTHER_KEY, packet(EMPTY))).toBe("bad");
  });

  it("can't be judged by a browser without Ed25519", async () => {
    vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(new DOMException("no", "NotSupportedError"));
    expect(await verified(KEY, packet(EMPTY))).toBe("unsupported");
  });
});
