// What the server is asked. Every function throws an Error whose message can be shown as it is.

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("the server does not answer: is it still running?");
  }
  if (!response.ok) throw new Error(await response.text());
  return response;
}

export const about = async () => (await ask("/about")).json();

export const sample = async (name) => (await ask(`/samples/${name}.jpg`)).blob();

export async function open(file, name) {
  const query = new URLSearchParams({ name });
  return (await ask(`/photographs?${query}`, { method: "POST", body: file })).json();
}

export async function picture(token, readOut) {
  return (await ask(`/photographs/${token}/picture?${new URLSearchParams(readOut)}`)).blob();
}

export async function pixel(token, point) {
  return (await ask(`/photographs/${token}/pixel?${new URLSearchParams(point)}`)).json();
}

// The file at full size and the name to save it by.
export async function file(token, readOut) {
  const response = await ask(`/photographs/${token}/file?${new URLSearchParams(readOut)}`);
  const name = /filename\*=UTF-8''(.+)$/.exec(response.headers.get("content-disposition"))[1];
  return { name: decodeURIComponent(name), blob: await response.blob() };
}
