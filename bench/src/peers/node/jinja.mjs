// Hugging Face's Jinja for JavaScript as a child of a benchmark: one request a line, one answer a line.
//
//   render TEMPLATE VARIABLES   both base64 of UTF-8, the second a JSON object -> "printed" and base64, or "refused"
//
// Answers begin with "ok" or "error".
import {createInterface} from "node:readline";
import {Template} from "@huggingface/jinja";

const text = (word) => Buffer.from(word, "base64").toString("utf8");

for await (const line of createInterface({input: process.stdin})) {
  const [name, template, variables] = line.split(" ");
  if (name !== "render") {
    console.log("error unknown request " + name);
    continue;
  }
  const values = JSON.parse(text(variables));
  try {
    const printed = new Template(text(template)).render(values);
    console.log("ok printed " + Buffer.from(printed).toString("base64"));
  } catch (refusal) {
    console.log("ok refused " + Buffer.from(String(refusal)).toString("base64"));
  }
}
process.exit(0);
