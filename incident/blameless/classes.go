package blameless

// class is a class of words that reading a clause depends on; the grammar's file
// says which words are in it.
type class uint8

const (
	cActivity class = iota
	cAdverb
	cAnyPerson
	cArticle
	cAux
	cAverted
	cBare
	cBe
	cBoundary
	cCatenative
	cCheck
	cCondition
	cDeed
	cDuty
	cFaultN
	cHave
	cModal
	cNewcomer
	cNoAgent
	cNobody
	cNot
	cNotAdverb
	cOutcome
	cParticiple
	cPerson
	cPossessive
	cPreposition
	cProgram
	cPronoun
	cQuantifier
	cSays
	cSignal
	cSoftware
	cSubordinate
	cThink
	cVerb
	cWill
)

// classNames are the classes as the grammar's file calls them.
var classNames = []string{
	"activity", "adverb", "any_person", "article", "aux", "averted", "bare", "be", "boundary", "catenative",
	"check",
	"condition", "deed", "duty", "fault_n", "have", "modal", "newcomer", "no_agent", "nobody", "not", "not_adverb",
	"outcome", "participle", "person", "possessive", "preposition", "program", "pronoun", "quantifier", "says", "signal",
	"software", "subordinate", "think", "verb", "will",
}
