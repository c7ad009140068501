package names

import "testing"

// TestInflected: in a text of a language that puts endings to names, a name is found with
// them; in any other text the same letters are another word or somebody else.
func TestInflected(t *testing.T) {
	var n Set
	for who, full := range map[string][]string{
		"anna": {"Anna Kowalska", "ania.k"}, "jan": {"Jan Nowak"}, "marek": {"Marek Wiśniewski"}, "piotr": {"Piotr Zając"}, "ewa": {"Ewa Lis"}, "ala": {"Ala Mak"},
		"agn": {"Agnieszka Dąbrowska"}, "novak": {"Tomáš Novák"}, "petra": {"Petra Svobodová"}, "luka": {"Luka Babić"}, "petar": {"Petar Horvat"},
		"makinen": {"Pekka Mäkinen"}, "virtanen": {"Matti Virtanen"}, "ilmari": {"Ilmari Laine"}, "gabor": {"Gábor Kovács"}, "jonas": {"Jonas Petrauskas"}, "carl": {"Carl Martin"},
	} {
		n.Add(who, full)
	}
	for in, want := range map[string]string{
		// Polish.
		"Poprosiliśmy Annę i zadzwoniliśmy do Janowi":              "Poprosiliśmy [_anna] i zadzwoniliśmy do [_jan]",
		"Zmiana Anny została cofnięta przez Jana Nowaka":           "Zmiana [_anna] została cofnięta przez [_jan] [_jan]",
		"Wysłano to Markowi, z Markiem nie było kontaktu, u Marka": "Wysłano to [_marek], z [_marek] nie było kontaktu, u [_marek]",
		"po rozmowie z Wiśniewskim i dzięki Piotrowi: o Piotrze":   "po rozmowie z [_marek] i dzięki [_piotr]: o [_piotr]",
		"Powiedzieliśmy Agnieszce i Ewie, że serwer Kowalskiej":    "Powiedzieliśmy [_agn] i [_ewa], że serwer [_anna]",
		"Ale serwer się nie podniósł. Ale nikt nie wiedział":       "Ale serwer się nie podniósł. Ale nikt nie wiedział",
		"Markety i Janosik się nie zmieniły, Annały też są całe":   "Markety i Janosik się nie zmieniły, Annały też są całe",
		// Czech and Croatian.
		"Zavolali jsme Novákovi, byla to Tomášova změna, řekli Petře": "Zavolali jsme [_novak], byla to Tomášova změna, řekli [_petra]",
		"bez Nováka a s Petrou Svobodovou to už běží, že":             "bez [_novak] a s [_petra] [_petra] to už běží, že",
		"Pitali smo Petra i Luku što se događa s Horvatom":            "Pitali smo [_petra] i [_luka] što se događa s [_petar]",
		// Finnish.
		"Mäkisen muutos peruttiin, kysyimme Mäkiseltä ja Pekalta, että":             "[_makinen] muutos peruttiin, kysyimme [_makinen] ja [_makinen], että",
		"Matin mielestä palvelin ei vastannut, mutta Virtaselle soitettiin jälkeen": "[_virtanen] mielestä palvelin ei vastannut, mutta [_virtanen] soitettiin jälkeen",
		"se oli Annan ja Ilmarin päätös, myös Annalle kerrottiin":                   "se oli [_anna] ja [_ilmari] päätös, myös [_anna] kerrottiin",
		// Hungarian, Lithuanian.
		"Szóltunk Annának és Kovácsnak, hogy Gáborral beszéltünk, mert nem volt idő":      "Szóltunk [_anna] és [_gabor], hogy [_gabor] beszéltünk, mert nem volt idő",
		"Paskambinome Jonui, Jono pakeitimas buvo atšauktas, bet Petrausko ne, nes įvyko": "Paskambinome [_jonas], [_jonas] pakeitimas buvo atšauktas, bet [_jonas] ne, nes įvyko",
		// Other languages have other words.
		"Carla and Annie drank a Martini; Jana, Janie and Marka are here":    "Carla and Annie drank a Martini; Jana, Janie and Marka are here",
		"Carla hat die Kasse nie geprüft, sie ist über Nacht ausgefallen":    "Carla hat die Kasse nie geprüft, sie ist über Nacht ausgefallen",
		"Carla n'a pas été prévenue après le déploiement, c'était déjà fait": "Carla n'a pas été prévenue après le déploiement, c'était déjà fait",
		"Łukasz, Šárka: Carla and Jana were paged by Żabka":                  "Łukasz, Šárka: Carla and Jana were paged by Żabka",
		"the smörgåsbord of Carla, a naïve café in the façade of Jana":       "the smörgåsbord of Carla, a naïve café in the façade of Jana",
	} {
		if got := replaced(&n, in); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}
