// llama.cpp as a child of a benchmark: one request a line, one answer a line, words between spaces.
//
//   load MODEL THREADS CONTEXT f16|f32   opens a GGUF file; the type is that of the key/value cache -> architecture
//   rates PROMPT GENERATED               -> tokens a second of a prompt of so many tokens, and of so many steps after it
//   greedy COUNT ID…                     -> the likeliest token each time, ends of text included
//   tokens TEXT                          -> ids, special tokens not looked for
//
// MODEL and TEXT are base64 of UTF-8; an empty text is "-". Answers begin with "ok" or "error".
import {createInterface} from "node:readline";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

let llama, model, context, sequence, vocabulary;

const text = (word) => (word === "-" ? "" : Buffer.from(word, "base64").toString("utf8"));

async function load([path, threads, contextSize, cacheType]) {
  await context?.dispose();
  await model?.dispose();
  await llama?.dispose();
  llama = await getLlama({gpu: false, build: "never", maxThreads: +threads, logLevel: LlamaLogLevel.error});
  model = await llama.loadModel({modelPath: text(path)});
  vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const type = cacheType.toUpperCase();
  context = await model.createContext({
    contextSize: +contextSize,
    threads: +threads,
    batchSize: Math.min(512, +contextSize),
    // Its flash attention rounds by more than lies between some likeliest tokens.
    flashAttention: type === "F32" ? false : "auto",
    experimentalKvCacheKeyType: type,
    experimentalKvCacheValueType: type
  });
  sequence = context.getSequence();
  return [model.fileInfo.metadata.general.architecture];
}

async function generate(ids, count, each) {
  let left = count;
  // With temperature 0 the sampler takes the likeliest token.
  for await (const token of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
    each(token);
    if (--left === 0) break;
  }
}

async function rates([prompt, generated]) {
  await sequence.clearHistory();
  // Any tokens do, as long as they are not all the same.
  const ids = Array.from({length: +prompt}, (_, i) => (100 + i * 7919) % vocabulary);
  let start = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(ids);
  const promptSeconds = (performance.now() - start) / 1000;
  let steps = 0;
  start = performance.now();
  await generate([ids[0]], +generated, () => steps++);
  const stepSeconds = (performance.now() - start) / 1000;
  return [ids.length / promptSeconds, steps / stepSeconds];
}

async function greedy([count, ...ids]) {
  await sequence.clearHistory();
  const found = [];
  await generate(ids.map(Number), +count, (token) => found.push(token));
  return found;
}

const requests = {load, rates, greedy, tokens: async ([word]) => Array.from(model.tokenize(text(word), false))};

for await (const line of createInterface({input: process.stdin})) {
  const [name, ...words] = line.split(" ");
  try {
    if (!Object.hasOwn(requests, name)) throw new Error("unknown request " + name);
    const answer = await requests[name](words);
    console.log(["ok", ...answer].join(" "));
  } catch (failure) {
    console.log("error " + String(failure).split("\n")[0]);
  }
}
process.exit(0);
