// A small app on the official Bolt framework, which the simulated workspace is
// tried with: a command that opens a form, a form with errors, update and push,
// buttons, an external select, shortcuts, a Home tab, an upload.
const { App, LogLevel } = require('@slack/bolt');

const app = new App({
  token: process.env.BOT_TOKEN,
  appToken: process.env.APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.API_URL },
  logLevel: LogLevel.ERROR,
});

const text = (s) => ({ type: 'plain_text', text: s });
const form = (title, extra = []) => ({
  type: 'modal',
  callback_id: 'order',
  title: text(title),
  submit: text('Go'),
  blocks: [
    { type: 'input', block_id: 'what', label: text('What'), element: { type: 'plain_text_input', action_id: 'value' } },
    {
      type: 'input', block_id: 'city', optional: true, label: text('City'),
      element: { type: 'external_select', action_id: 'city', min_query_length: 1, placeholder: text('Type') },
    },
    ...extra,
  ],
});

app.command('/order', async ({ command, ack, client }) => {
  await ack({ response_type: 'ephemeral', text: `opening for ${command.text}` });
  await client.views.open({ trigger_id: command.trigger_id, view: form('Order') });
});

app.options('city', async ({ options, ack }) => {
  await ack({ options: ['Berlin', 'Bern', 'Oslo'].filter((c) => c.toLowerCase().startsWith(options.value.toLowerCase()))
    .map((c) => ({ text: text(c), value: c.toLowerCase() })) });
});

app.view('order', async ({ ack, view, body, client }) => {
  const what = view.state.values.what.value.value;
  if (what === 'nothing') return ack({ response_action: 'errors', errors: { what: 'Say what you want.' } });
  if (what === 'again') return ack({ response_action: 'update', view: form('Order again') });
  if (what === 'more') return ack({ response_action: 'push', view: form('More') });
  if (what === 'stop') return ack({ response_action: 'clear' });
  await ack();
  const city = view.state.values.city.city.selected_option;
  await client.chat.postMessage({
    channel: 'C0ORDERS', text: `<@${body.user.id}> ordered ${what} for ${city ? city.text.text : 'nowhere'}`,
    blocks: [
      { type: 'section', block_id: 'line', text: { type: 'mrkdwn', text: `*${what}*` } },
      { type: 'actions', block_id: 'acts', elements: [{ type: 'button', action_id: 'done', value: what, text: text('Done'), style: 'primary' }] },
    ],
  });
});

app.action('done', async ({ ack, body, respond, client, action }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `${action.value} is done`, blocks: [] });
  await respond({ response_type: 'ephemeral', replace_original: false, text: `thank you for ${action.value}` });
});

app.shortcut('new_order', async ({ shortcut, ack, client }) => {
  await ack();
  await client.views.open({ trigger_id: shortcut.trigger_id, view: form('Short order') });
});

app.shortcut('keep', async ({ shortcut, ack, client }) => {
  await ack();
  await client.filesUploadV2({ channel_id: shortcut.channel.id, filename: 'kept.txt', content: shortcut.message.text, title: 'Kept' });
});

app.event('app_home_opened', async ({ event, client }) => {
  await client.views.publish({
    user_id: event.user, view: { type: 'home', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'Welcome home' } }] },
  });
});

app.event('app_mention', async ({ event, say }) => {
  await say({ text: `you said: ${event.text}`, thread_ts: event.ts });
});

app.start().then(() => process.stdout.write('ready\n'), (e) => { process.stderr.write(`${e}\n`); process.exit(1); });
