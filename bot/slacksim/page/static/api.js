// Talks to the server of this page: what to show, what a person does, and the signal that something changed.

const ours = { read: 'page/read', phone: 'page/phone' };

// get is fetch with words for people when nobody answers.
async function get(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Error('The simulated workspace does not answer. Is the program still running?');
  }
}

// act does something as a person. It resolves to the answer and rejects with the workspace's own words.
export async function act(name, body) {
  const response = await get(ours[name] ?? `control/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({ error: `the simulator answered ${response.status}` }));
  if (!response.ok) throw new Error(answer.error ?? `the simulator answered ${response.status}`);
  return answer;
}

// suggest asks the app for the options of an external select, in Slack's own form.
export async function suggest(press) {
  const { options } = await act('suggest', press);
  return { options: (options ?? []).map((o) => ({ text: { type: 'plain_text', text: o.text }, value: o.value })) };
}

// view asks what a person sees. The text comes along, to tell cheaply whether anything changed.
export async function view(query) {
  const response = await get(`view.json?${new URLSearchParams(query)}`);
  const text = await response.text();
  if (!response.ok) throw new Error(problem(text, response.status));
  return { text, data: JSON.parse(text) };
}

export async function calls(since) {
  const response = await get(`calls.json?since=${since}`);
  return response.json();
}

// upload keeps a file for a file input of a modal.
export async function upload(user, file) {
  const response = await get(`upload.json?${new URLSearchParams({ as: user, name: file.name })}`, {
    method: 'POST',
    body: file,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function problem(text, status) {
  try {
    return JSON.parse(text).error;
  } catch {
    return `the simulator answered ${status}`;
  }
}

// stream calls changed whenever something changed, and state with whether the connection stands. The browser reconnects
// by itself; what was missed meanwhile is made up for by one call of changed.
export function stream(changed, state) {
  const source = new EventSource('stream');
  source.addEventListener('change', changed);
  source.addEventListener('open', () => {
    state(true);
    changed();
  });
  source.addEventListener('error', () => state(false));
}
