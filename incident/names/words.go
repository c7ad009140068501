package names

import (
	"strings"
	"sync"
)

// isOrdinary reports whether a word of a name is an ordinary word as well. Of two
// letters every one is, since there are so few of them.
func isOrdinary(w string) bool { return ordinary()[w] || len(w) < 3 && w[0] < 0x80 }

var (
	articles    = []string{"the", "a", "an", "our", "this", "that", "each", "every", "no"}
	months      = []string{"april", "may", "june", "august", "jan", "mar", "jun"}
	monthBefore = []string{"in", "since", "until", "by", "of", "from", "last", "next", "early", "late", "mid", "during", "to", "on"}
	tools       = strings.Fields("jenkins tempo loki sentry ruby crystal julia travis")
	// particles are parts of names that name nobody alone.
	particles = strings.Fields("van von der den de del della di da do dos du la le las los el al bin ibn ter ten zu zum zur und y e of dr mr mrs ms miss jr sr prof ing ii iii iv")
	// spokenTo come before the name of a person.
	spokenTo = strings.Fields("asked paged told pinged messaged thanked @")
	// byWord are the ordinary words that follow by.
	byWord = strings.Fields("chance design default hand name case may test force mistake means law line night day data")
	// acts are what people do and things do not.
	acts = strings.Fields("said thought noticed forgot knew told asked decided suggested saw joined looked rolled restarted reverted wrote pinged took says thinks found fixed checked confirmed warned answered")
	// code are the words of programming languages that stand in pairs.
	code = strings.Fields("if elif else for while case switch try catch except finally do done fi then end and or not true false on off yes no get put set int char")
	// stops are words that nearly every sentence has.
	stops = strings.Fields(`an so do to in he my no is it if or us am as at be by go me of on up we the and but not for are was all any can had her one our out get has him his how new now old see two who did its say she too use`)
	// verbs are forms with which a sentence about a person goes on, beside those
	// that end in -ed, -ly and -s.
	verbs = strings.Fields(`was is were had has have did does broke ran took made forgot went sent saw left put set hit wrote read
		knew thought said told gave got began came found kept let lost meant paid led felt held brought built bought caught chose
		cut drove fell fought froze grew hid hurt lay overwrote redid rebuilt reset sat shut slept spent split spoke spread stood
		stole struck swore taught threw tore understood undid woke won wore never should could would must can might may cannot
		didn wasn hasn hadn doesn isn won shouldn couldn wouldn and or who also then only just again still always later
		misread mistook misunderstood shot sank rewrote withdrew oversaw foresaw overslept`)
)

// ordinary are the names that are also words, with which an order, a question or a
// heading may begin, or that a sentence may hold in small letters.
var ordinary = sync.OnceValue(func() map[string]bool {
	return wordSet(`
	ad admin alert all am amber an and any api app april are art as ash at august autumn baker banks barber be bear bell
	best bill bird bishop black blaze bliss blue bond book bool boy branch bridge bright brook brown buck bull burns bush
	busy but butler by cache can case cash cd chambers chan chance chapman char charity chase check chip christian chuck
	ci clay cliff coach coin cook cotton cross crow crystal curry daily dash data dawn day db deal dean dear dev dial did
	do don dot drew drop early ease east echo elif else english enum er eve ever fair faith false farmer fast field fields
	fine fire fish fisher flint flip flood flow flowers fold for force ford foster fox frame frank free freeman friend
	frost func gates gene get go gold golden good gore grace grant gray green grey gross guest guide guy had hale hall
	hand hart harvest has haven hawk he head heart hedge help her hero hi hide high hill him his honor hook hooks hope
	horn host house how hunt hunter id if in info int io ip iris iron is it its ivy jack jade java jay jet job joiner joy
	june justice key keys kind king kit knight lake lamb lance land lane last law leader leaf let level levy light lily
	line link lion list little lock loft long looks lord love lucky mace main major maker manning marble marina mark marks
	marsh mason master match max may me mead meadows means melody mercer merit miles miller mills misty money moody moon
	moore morrow moss mount mouse my neat nest new newman nick night nix no noble node noon norm north not note nova now
	null oak odd of office ok old olive on oncall one ops or orange os our out pace pack page palmer pan paris parish park
	parker parks past pat patch patience peak pearl pen penny pepper perl pick pike pine piper place plain plant plumb
	point pond pool pope poppy porter post potter pounds powers pr present price pride prince prior prod proper proud
	prudence pull pure purse push python queen quick quiet race rain ramp ran rand range rank rash raven ray ready real
	reaper red redis reef rest reveal rice rich rider ridge rings rising river rivers roads robin rock roll roman roof
	room root rope rose round ruby rule run rush rust sage sail saint sales salt sandy savage save say scale school scout
	seal seat see self sells sense service session set sharp she shell shepherd shields ship shore short show side sides
	sierra sill silver simple singer skip sky skye slow small smart snap snow so solid song sound south space sparks spear
	spears speed spring sprinkle stack staff stage staging star stark state steal steel stem step sterling stew still
	stock stokes stone stop storey storm story street strong style sugar sum summer sun sunny support sure surge swan
	sweet swift system tag tail tally tank tanner task taylor team tell temple test the thorn tide tiger till timber time
	tiny to too tool top tower town trace track train trap tree trip truck true trust turn twin two up us use user vale
	valentine van vest victor view vine violet vm voice wake walk walker wall walls ward ware was wash watch waters watts
	wave way we web weeks wells west wheat wheel wheeler whistle white who wick wild wilder will win wind window wine wing
	winner winter wise wish wolf wolfe wood woods wool word work works worth wren yard year york young zone
`)
})

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}
