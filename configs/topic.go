package configs

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/stormbell/stormbell/pattern"
)

// person stands in a topic for the ID of whoever it is for.
const person = "{person}"

// checkTopics reports topics that let others in: on a server without access
// rules a topic is a password.
func (l *loader) checkTopics(n Ntfy) {
	if key := "notify.ntfy.topic"; n.Topic != "" && !l.broken(key) {
		if !strings.Contains(n.Topic, person) {
			l.report(key, "everybody would get everybody's pages", "put {person} into it, or take it out: the bot then makes a topic for each")
		}
		l.checkTopic(key, n, n.Topic, "can read pages and answer them", "take it out: the bot then makes topics that nobody can guess")
	}
	if n.ReplyTopic != "" {
		l.checkTopic("notify.ntfy.reply_topic", n, n.ReplyTopic, "can bury people's answers under others", "make one with: openssl rand -hex 16")
	}
}

// checkTopic reports a topic that can be guessed, and what whoever knows it can do.
func (l *loader) checkTopic(key string, n Ntfy, topic, harm, mend string) {
	secret := strings.Trim(strings.ReplaceAll(topic, person, ""), "-_")
	switch {
	case l.broken(key) || l.broken("notify.ntfy.url"):
	case isPlaceholder(secret):
		l.report(key, "this is a placeholder, which everybody knows", mend)
	case !guessable(secret):
	case public(n.URL):
		l.report(key, "it can be guessed, and on "+n.URL+" whoever knows it "+harm, mend)
	case !private(n.URL) && n.Token.IsZero():
		l.report(key, "it can be guessed, and "+n.URL+" is not in a private network: whoever knows it "+harm,
			mend+"; or set notify.ntfy.token, if the server is yours and has access rules")
	case n.URL != "" && n.Token.IsZero():
		l.advise(key, "it can be guessed; unless the server has access rules, whoever reaches it "+harm,
			mend+"; or set notify.ntfy.token for a server with access rules")
	}
}

// hostOf is the host of an address, as it is compared.
func hostOf(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// privateZones end the names that no public server can have: of RFC 6762 and RFC 8375,
// and those that people and ICANN have set apart for networks of their own.
var privateZones = []string{".internal", ".local", ".localhost", ".lan", ".home.arpa"}

// private reports whether an ntfy server can be reached from the operator's network
// alone, as far as its address says so. An address that names no host is reported
// elsewhere.
func private(server string) bool {
	host := hostOf(server)
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || slices.ContainsFunc(privateZones, func(zone string) bool { return strings.HasSuffix(host, zone) })
}

// public reports whether everybody may use an ntfy server, and there are no rules who
// may read which topic.
func public(server string) bool {
	host := hostOf(server)
	return host == "ntfy.sh" || strings.HasSuffix(host, ".ntfy.sh")
}

// run matches letters and digits without a break, as random texts have them.
var run = pattern.New("[A-Za-z0-9]+")

// guessable reports whether nothing in a text looks as if a machine had made it
// up: words, names and years do not.
func guessable(text string) bool {
	for _, part := range run.FindAllString(text, -1) {
		letters, digits, different := 0, 0, map[rune]bool{}
		for _, r := range part {
			different[r] = true
			if unicode.IsDigit(r) {
				digits++
			} else {
				letters++
			}
		}
		if len(part) >= shortestSecret && letters >= 3 && digits >= 3 && len(different) > fewestDifferent {
			return false
		}
	}
	return true
}
