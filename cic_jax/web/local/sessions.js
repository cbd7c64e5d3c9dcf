// The network and its read-out in ONNX Runtime Web, on the graphics processor where there is one.

const BINARIES = { // and the scripts that load them
  webgpu: "ort-wasm-simd-threaded.asyncify",
  wasm: "ort-wasm-simd-threaded",
};
const MOST_THREADS = 4; // more gain little

const at = (path) => new URL(`../${path}`, import.meta.url).href;

// Loads everything from the page's own folder. `asked` is a device's name or null for the best;
// `told` is called with the bytes that have come and those that will.
export async function start(asked, told) {
  const about = await (await answer("model/about.json")).json();
  const device = asked ?? ((await hasGraphics()) ? "webgpu" : "wasm");
  const files = [
    `runtime/${BINARIES[device]}.wasm.gz`, "model/network.onnx.gz", "model/read_out.onnx.gz",
  ];
  const total = files.reduce((sum, path) => sum + about.bytes[path], 0);
  let come = 0;
  const [binary, network, readOut] = await Promise.all(
    // More than all comes where the browser undoes the compression.
    files.map((path) => content(path, (bytes) => told(Math.min(come += bytes, total), total))),
  );
  const ort = await import(at(`runtime/ort.${device}.min.js`));
  const threads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  Object.assign(ort.env.wasm, {
    wasmBinary: binary.buffer, wasmPaths: { mjs: at(`runtime/${BINARIES[device]}.js`) },
    numThreads: threads,
  });
  const processor = { executionProviders: ["wasm"] };
  const reading = await ort.InferenceSession.create(readOut, processor);
  let seeing, failure = null;
  if (device === "webgpu") {
    try {
      seeing = await ort.InferenceSession.create(network, { executionProviders: ["webgpu"] });
    } catch (error) {
      failure = error.message; // the page says so
    }
  }
  seeing ??= await ort.InferenceSession.create(network, processor);
  const ready = failure === null ? device : "wasm";
  return {
    about, device: ready, threads, failure,
    network: runner(ort, seeing),
    readOut: runner(ort, reading),
  };
}

async function hasGraphics() {
  const adapter = await navigator.gpu?.requestAdapter();
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}

// Returns a function from arrays with shapes to the outputs' arrays, by their names.
function runner(ort, session) {
  return async (inputs) => {
    const feeds = {};
    for (const name of session.inputNames) {
      const [data, shape] = inputs[name];
      feeds[name] = new ort.Tensor("float32", Float32Array.from(data), shape);
    }
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [name, { data, dims }]),
    );
  };
}

async function answer(path) {
  let response;
  try {
    response = await fetch(at(path));
  } catch {
    throw new Error(`${path} could not be loaded: this page's server does not answer`);
  }
  if (!response.ok) throw new Error(`${path} could not be loaded: ${response.status}`);
  return response;
}

// The content of a compressed file; some servers send it as the content's own compression, so that
// the browser has undone it already.
async function content(path, came) {
  const parts = [];
  const reader = (await answer(path)).body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    came(part.value.length);
  }
  const blob = new Blob(parts);
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (first !== 0x1f || second !== 0x8b) return new Uint8Array(await blob.arrayBuffer());
  const plain = blob.stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}
