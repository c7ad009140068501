// Emoji by Slack's short names: those that people at work use. An unknown name stays as it is written.

const table = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|wave 👋|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|point_up ☝️|point_right 👉
point_left 👈|point_down 👇|raised_hand ✋|hand ✋|v ✌️|handshake 🤝|writing_hand ✍️|fist ✊|crossed_fingers 🤞|eyes 👀|eye 👁️
smile 😄|smiley 😃|grinning 😀|laughing 😆|joy 😂|sweat_smile 😅|slightly_smiling_face 🙂|upside_down_face 🙃|wink 😉|blush 😊
heart_eyes 😍|thinking_face 🤔|neutral_face 😐|expressionless 😑|unamused 😒|rolling_eyes 🙄|grimacing 😬|relieved 😌|sleepy 😪
sleeping 😴|mask 😷|exploding_head 🤯|dizzy_face 😵|sunglasses 😎|confused 😕|worried 😟|open_mouth 😮|astonished 😲|flushed 😳
fearful 😨|cold_sweat 😰|cry 😢|sob 😭|scream 😱|tired_face 😫|triumph 😤|rage 😡|angry 😠|robot_face 🤖|ghost 👻|skull 💀
see_no_evil 🙈|hear_no_evil 🙉|speak_no_evil 🙊|face_palm 🤦|shrug 🤷|bow 🙇|runner 🏃|walking 🚶|firefighter 🧑‍🚒|detective 🕵️
heart ❤️|orange_heart 🧡|yellow_heart 💛|green_heart 💚|blue_heart 💙|purple_heart 💜|broken_heart 💔|sparkles ✨|star ⭐|star2 🌟
boom 💥|fire 🔥|zap ⚡|dizzy 💫|sweat_drops 💦|zzz 💤|100 💯|tada 🎉|confetti_ball 🎊|balloon 🎈|gift 🎁|trophy 🏆|medal 🏅
rotating_light 🚨|police_car 🚓|ambulance 🚑|fire_engine 🚒|rocket 🚀|construction 🚧|vertical_traffic_light 🚦|stop_sign 🛑
octagonal_sign 🛑|warning ⚠️|no_entry ⛔|no_entry_sign 🚫|radioactive_sign ☢️|biohazard_sign ☣️|sos 🆘|anger 💢|bell 🔔
no_bell 🔕|loudspeaker 📢|mega 📣|loud_sound 🔊|mute 🔇|speaking_head_in_silhouette 🗣️|speech_balloon 💬|thought_balloon 💭
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|heavy_plus_sign ➕
heavy_minus_sign ➖|question ❓|grey_question ❔|exclamation ❗|grey_exclamation ❕|bangbang ‼️|interrobang ⁉️|recycle ♻️
red_circle 🔴|large_orange_circle 🟠|orange_circle 🟠|large_yellow_circle 🟡|yellow_circle 🟡|large_green_circle 🟢|green_circle 🟢
large_blue_circle 🔵|blue_circle 🔵|large_purple_circle 🟣|large_brown_circle 🟤|white_circle ⚪|black_circle ⚫
large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦|white_large_square ⬜
black_large_square ⬛|small_red_triangle 🔺|small_red_triangle_down 🔻|large_blue_diamond 🔷|large_orange_diamond 🔶
pager 📟|telephone_receiver 📞|phone ☎️|telephone ☎️|iphone 📱|calling 📲|email 📧|e-mail 📧|envelope ✉️|incoming_envelope 📨
inbox_tray 📥|outbox_tray 📤|package 📦|mailbox 📫|satellite_antenna 📡|satellite 🛰️|computer 💻|desktop_computer 🖥️|keyboard ⌨️
floppy_disk 💾|cd 💿|electric_plug 🔌|battery 🔋|bulb 💡|flashlight 🔦|mag 🔍|mag_right 🔎|microscope 🔬|telescope 🔭|wrench 🔧
hammer 🔨|hammer_and_wrench 🛠️|gear ⚙️|nut_and_bolt 🔩|link 🔗|paperclip 📎|pushpin 📌|round_pushpin 📍|scissors ✂️|lock 🔒
unlock 🔓|key 🔑|shield 🛡️|toolbox 🧰|magnet 🧲|test_tube 🧪|adhesive_bandage 🩹|pill 💊|hospital 🏥|stethoscope 🩺
memo 📝|pencil 📝|pencil2 ✏️|notebook 📓|book 📖|books 📚|bookmark 🔖|bookmark_tabs 📑|clipboard 📋|page_facing_up 📄
page_with_curl 📃|scroll 📜|newspaper 📰|calendar 📆|date 📅|spiral_calendar_pad 🗓️|card_index 📇|file_folder 📁|open_file_folder 📂
card_file_box 🗃️|file_cabinet 🗄️|wastebasket 🗑️|bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉
hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|timer_clock ⏲️|watch ⌚|clock1 🕐|clock3 🕒|clock6 🕕|clock9 🕘
clock12 🕛|repeat 🔁|arrows_counterclockwise 🔄|arrows_clockwise 🔃|twisted_rightwards_arrows 🔀|fast_forward ⏩|rewind ⏪
double_vertical_bar ⏸️|pause_button ⏸️|arrow_forward ▶️|black_square_for_stop ⏹️|record_button ⏺️|arrow_up ⬆️|arrow_down ⬇️
arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️|arrow_lower_right ↘️|arrow_right_hook ↪️|leftwards_arrow_with_hook ↩️
arrow_heading_up ⤴️|arrow_heading_down ⤵️|arrow_up_small 🔼|arrow_down_small 🔽|soon 🔜|back 🔙|end 🔚|on 🔛|top 🔝|new 🆕
up 🆙|cool 🆒|free 🆓|ok 🆗|information_source ℹ️|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣
zero 0️⃣|keycap_ten 🔟|hash #️⃣|a 🅰️|b 🅱️
coffee ☕|tea 🍵|beer 🍺|beers 🍻|pizza 🍕|cake 🍰|birthday 🎂|cookie 🍪|doughnut 🍩|apple 🍎|tomato 🍅|popcorn 🍿|fork_and_knife 🍴
sunny ☀️|cloud ☁️|partly_sunny ⛅|thunder_cloud_and_rain ⛈️|lightning 🌩️|rain_cloud 🌧️|snowflake ❄️|umbrella ☔|rainbow 🌈
ocean 🌊|droplet 💧|moon 🌔|crescent_moon 🌙|earth_africa 🌍|earth_americas 🌎|earth_asia 🌏|globe_with_meridians 🌐|volcano 🌋
house 🏠|office 🏢|department_store 🏬|shopping_trolley 🛒|shopping_bags 🛍️|credit_card 💳|moneybag 💰|dollar 💵|euro 💶|receipt 🧾
truck 🚚|delivery_truck 🚚|car 🚗|bus 🚌|train 🚆|bike 🚲|ship 🚢|anchor ⚓|airplane ✈️|helicopter 🚁|checkered_flag 🏁
triangular_flag_on_post 🚩|waving_white_flag 🏳️|waving_black_flag 🏴|white_flag 🏳️|rainbow-flag 🏳️‍🌈
dog 🐶|cat 🐱|bug 🐛|ant 🐜|bee 🐝|beetle 🐞|snail 🐌|turtle 🐢|snake 🐍|whale 🐳|dolphin 🐬|penguin 🐧|owl 🦉|duck 🦆|unicorn_face 🦄
crab 🦀|octopus 🐙|spider 🕷️|spider_web 🕸️|elephant 🐘|mouse 🐭|rabbit 🐰|fox_face 🦊|bear 🐻|panda_face 🐼|koala 🐨|tiger 🐯
seedling 🌱|evergreen_tree 🌲|deciduous_tree 🌳|palm_tree 🌴|cactus 🌵|four_leaf_clover 🍀|maple_leaf 🍁|mushroom 🍄|rose 🌹|sunflower 🌻
art 🎨|dart 🎯|game_die 🎲|jigsaw 🧩|musical_note 🎵|microphone 🎤|headphones 🎧|camera 📷|movie_camera 🎥|tv 📺|radio 📻|crystal_ball 🔮
man 👨|woman 👩|adult 🧑|busts_in_silhouette 👥|bust_in_silhouette 👤|family 👪|technologist 🧑‍💻|male-technologist 👨‍💻
female-technologist 👩‍💻|superhero 🦸|ninja 🥷|crown 👑|tophat 🎩|mortar_board 🎓|helmet_with_white_cross ⛑️|safety_vest 🦺|eyeglasses 👓
white_small_square ▫️|black_small_square ▪️|copyright ©️|registered ®️|tm ™️|infinity ♾️|atom_symbol ⚛️|wheelchair ♿|no_mobile_phones 📵
`;

const glyphs = new Map(
  table
    .trim()
    .split(/[|\n]/)
    .map((entry) => entry.split(' ')),
);

const tones = { 2: '🏻', 3: '🏼', 4: '🏽', 5: '🏾', 6: '🏿' };

// glyph is the character of a short name, with a skin tone 2 to 6 where one is given; undefined when the name is unknown.
export function glyph(name, tone) {
  const [base, suffix] = name.split('::skin-tone-');
  const sign = glyphs.get(base);
  return sign && sign + (tones[tone ?? suffix] ?? '');
}

// common is offered first when somebody reacts.
export const common = [
  'eyes',
  'white_check_mark',
  '+1',
  'rotating_light',
  'fire',
  'memo',
  'raised_hands',
  'question',
  'heart',
  'tada',
];

// find lists names that contain the text, those that begin with it first.
export function find(text, limit = 60) {
  const names = [...glyphs.keys()].filter((name) => name.includes(text));
  return names.sort((a, b) => b.startsWith(text) - a.startsWith(text)).slice(0, limit);
}
