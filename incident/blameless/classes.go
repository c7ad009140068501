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
	cBare
	cBe
	cBoundary
	cCatenative
	cCondition
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
	cPronoun
	cQuantifier
	cSignal
	cSubordinate
	cVerb
	cWill
)

// classNames are the classes as the grammar's file calls them.
var classNames = []string{
	"activity", "adverb", "any_person", "article", "aux", "bare", "be", "boundary", "catenative",
	"condition", "fault_n", "have", "modal", "newcomer", "no_agent", "nobody", "not", "not_adverb",
	"outcome", "participle", "person", "possessive", "preposition", "pronoun", "quantifier", "signal",
	"subordinate", "verb", "will",
}
