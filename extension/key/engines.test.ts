import { describe, expect, it } from "vitest";
import { postedAddress, searchedAddress } from "./search";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

/** The addresses of results, as browsers make them: `{}` stands for the words. */
const ENGINES: Record<string, string> = {
  Google: "https://www.google.com/search?q={}&sourceid=chrome&ie=UTF-8",
  "Google in Firefox": "https://www.google.com/search?client=firefox-b-d&q={}",
  Bing: "https://www.bing.com/search?pc=MOZI&form=MOZLBR&q={}",
  DuckDuckGo: "https://duckduckgo.com/?t=ffab&q={}",
  Ecosia: "https://www.ecosia.org/search?tt=mzl&q={}",
  Yahoo: "https://search.yahoo.com/search?fr=crmas_sfp&p={}",
  Startpage: "https://www.startpage.com/do/dsearch?query={}&cat=web",
  Qwant: "https://www.qwant.com/?client=brz-moz&q={}",
  Brave: "https://search.brave.com/search?q={}",
  Baidu: "https://www.baidu.com/s?ie=utf-8&wd={}",
  "Baidu in Firefox": "https://www.baidu.com/baidu?tn=monline_7_dg&ie=utf-8&wd={}",
  Yandex: "https://yandex.ru/search/?clid=1&text={}",
  Wikipedia: "https://en.wikipedia.org/wiki/Special:Search?search={}&sourceid=Mozilla-search",
  Kagi: "https://kagi.com/search?q={}",
  Mojeek: "https://www.mojeek.com/search?q={}",
  SearXNG: "https://searx.example/search?q={}&category_general=1",
  Sogou: "https://www.sogou.com/web?query={}",
  "360 So": "https://www.so.com/s?q={}",
  Perplexity: "https://www.perplexity.ai/search?s=o&q={}",
  Naver: "https://search.naver.com/search.naver?ie=utf-8&query={}&sm=chr_hty",
  Seznam: "https://search.seznam.cz/?q={}",
  eBay: "https://rover.ebay.com/rover/1/711-53200-19255-0/1?mpre=x&kw={}",
  Allegro: "https://allegro.pl/listing?string={}",
  MercadoLibre: "https://www.mercadolibre.com.ar/jm/search?as_word={}",
  YouTube: "https://www.youtube.com/results?search_query={}",
  WordPress: "https://blog.example/?s={}",
  "a shop": "https://shop.example/s?k={}",
  "words in the path": "https://engine.example/search/{}",
  "words in the path, and more": "https://engine.example/en/search/{}?page=1",
};

const TYPED: [string, string][] = [
  [KEY, `http://${KEY}/`],
  [KEY.toUpperCase(), `http://${KEY}/`],
  [` ${KEY} `, `http://${KEY}/`],
  [`${KEY}.`, `http://${KEY}./`],
  [`www.${KEY}`, `http://www.${KEY}/`],
  [`${KEY}/a/b?c=d`, `http://${KEY}/a/b?c=d`],
  [`pk:${KEY}`, `http://${KEY}/`],
  [`pk:${KEY}/path`, `http://${KEY}/path`],
  [`pk://${KEY}/path`, `http://${KEY}/path`],
  [`pubky://${KEY}`, `http://${KEY}/`],
  [`pubky${KEY}`, `http://${KEY}/`],
  [`PK:${KEY.toUpperCase()}`, `http://${KEY}/`],
];

const ORDINARY = [
  "weather",
  `what is ${KEY}`,
  `${KEY} pkarr`,
  KEY.slice(1),
  `x${KEY}`,
  `${KEY}x`,
  `${KEY.slice(0, 51)}l`,
  `"${KEY}"`,
  `me@${KEY}`,
];

/** With the words in it, as forms have them (spaces as +) or as paths have them. */
function asked(template: string, words: string): string[] {
  const percent = encodeURIComponent(words);
  return [template.replace("{}", percent), template.replace("{}", percent.replaceAll("%20", "+"))];
}

describe.each(Object.entries(ENGINES))("%s", (_name, template) => {
  it.each(TYPED)("means a key by %s", (typed, address) => {
    for (const search of asked(template, typed)) expect(searchedAddress(search)).toBe(address);
  });

  it.each(ORDINARY)("is asked for %s", (words) => {
    for (const search of asked(template, words)) expect(searchedAddress(search)).toBeNull();
  });
});

describe("a form", () => {
  const ENGINE = "https://engine.example/search";

  it.each(TYPED)("means a key by %s", (typed, address) => {
    expect(postedAddress(ENGINE, { language: ["all"], q: [typed] })).toBe(address);
    expect(postedAddress(ENGINE, { query: ["", typed] })).toBe(address);
  });

  it.each(ORDINARY)("is sent for %s", (words) => {
    expect(postedAddress(ENGINE, { q: [words] })).toBeNull();
  });

  it("is sent if it is none of a search", () => {
    expect(postedAddress(ENGINE, { key: [KEY] })).toBeNull();
    expect(postedAddress(ENGINE, { q: [new ArrayBuffer(52), null, 52] })).toBeNull();
    expect(postedAddress(`http://${KEY}/search`, { q: [KEY] })).toBeNull();
    expect(postedAddress("moz-extension://x/search", { q: [KEY] })).toBeNull();
    expect(postedAddress(ENGINE, {})).toBeNull();
  });
});

describe("what is no search", () => {
  it.each([
    `https://explorer.example/?key=${KEY}`,
    `https://explorer.example/?pk=${KEY}`,
    `https://explorer.example/?id=${KEY}`,
    `https://explorer.example/${KEY}`,
    `https://explorer.example/keys/${KEY}`,
    `https://engine.example/search/%E0%A4%A/${KEY}`,
  ])("is left alone: %s", (address) => {
    expect(searchedAddress(address)).toBeNull();
  });
});
