package names

import "strings"

// isOrdinary reports whether a word of a name is an ordinary word as well. Of two
// letters every one is, since there are so few of them.
func isOrdinary(w string) bool { return ordinary[w] || len(w) < 3 && w[0] < 0x80 }

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
	acts = strings.Fields("said thought noticed forgot knew told asked decided suggested saw joined looked rolled restarted reverted wrote pinged took says thinks")
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
var ordinary = wordSet(`
		ad admin al alert all am amber an and any api app april archer are art as ash at august autumn baker banks
		barber be bear bell best bill bird bishop black blaze bliss blue bo bob bond book bool boy branch bridge bright
		brook brooks brown buck buddy bull burns bush busy but butler by cache can carol carter case cash cd chambers
		chan chance chapman char charity chase check chip christian chuck ci clark clay cliff coach coin cole cook
		cooper cotton cross crow cruz crystal curry daily daisy dale dash data dawn day db deal dean dear dev dial did
		do don dot drake drew drop duke earl early ease east echo ed elif else english enum er eve ever fair faith false
		farmer fast field fields fine fire fish fisher flint flip flood flow flowers fold for force ford foster fox
		frame frank free freeman friend frost func gale gates gene get go gold golden good gore grace grant gray green
		grey gross guest guide guy had hale hall hand hank hardy harmony harry hart harvest has haven hawk he head heart
		heath hedge her hero hi hide high hill him his holly honor hook hooks hope horn host house how howe hunt hunter
		id if in int io ip iris iron is it its ivy jack jade jasmine java jay jean jersey jet jewel job joiner josh joy
		june justice kay ken key keys kind king kit kitty knight lake lamb lance land lane last law leader leaf let
		level levy light lily line link lion list little lock loft long looks lord love lucky mace main major maker
		manning marble marina mark marks marsh marshall mason master match max may me mead meadows means melody mercer
		merit mike miles miller mills misty mitch money moody moon moore morrow moss mount mouse my neat nell nest new
		newman nick night nix no noble node noon norm north not note nova now null oak odd of ok old olive ollie on one
		ops or orange os our out pace pack page palmer pan paris parish park parker parks past pat patch patience peak
		pearl peg pen penny pepper perl pick pierce pike pine piper place plain plant plumb point pond pool pope poppy
		porter post potter pounds powers pr present price pride prince prior prod proper proud prudence pull pure purse
		push python queen quick quiet race rain ramp ran rand randy range rank rash raven ray ready real reaper red
		redis reed reef rest reveal rhodes rice rich rider ridge rings rising river rivers roads rob robin rock roll
		roman roof room root rope rose round rowan ruby rule run rush rust rusty sage sail saint sales salt sandy savage
		save sawyer say scale school scout seal seat see self sells sense service session set sharp she shell shepherd
		shields ship shore short show side sides sierra sill silver simple singer skip sky skye sloan slow small smart
		snap snow so solid song sound south space sparks spear spears speed spencer spring sprinkle stack staff stage
		staging star stark state steal steel stem step sterling stew still stock stokes stone stop storey storm story
		street strong style sue sugar sum summer sun sunny sure surge swan sweet swift system tag tail tally tank tanner
		task taylor team teddy tell temple terry test the thorn tide tiger till timber time tiny to tom too tool top
		tower town trace track train trap tree trip troy truck true trust tucker turn turner twin two tyler up us use
		user vale valentine van vest vic victor view vine violet vm voice wade wake walk walker wall walls walt ward
		ware warren was wash watch waters watts wave way we web weber weeks wells west wheat wheel wheeler whistle white
		who wick wild wilder will win wind window wine wing winner winter wise wish wolf wolfe wood woods wool word work
		works worth wren yard year york young zone
	`)

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}
