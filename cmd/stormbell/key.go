package main

import (
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func keyCommand(p process) *cobra.Command {
	return groupCommand("key", "Keys of those who send alerts", keyAddCommand(p), keyListCommand(p), keyRotateCommand(p), keyRevokeCommand(p))
}

// shownKey is what the commands read of an integration key in an answer.
type shownKey struct {
	Name     string    `json:"name"`
	Service  string    `json:"service"`
	Prefix   string    `json:"prefix"`
	From     string    `json:"from"`
	Made     time.Time `json:"made"`
	By       string    `json:"by"`
	LastUse  time.Time `json:"last_use"`
	OldUntil time.Time `json:"old_until"`
	Secret   string    `json:"secret"`
}

// changeKey sends a change of a key and prints the answer: in words, the secret alone on
// standard output, where a script takes it from, and the rest beside it.
func (f *operatorFlags) changeKey(cmd *cobra.Command, p process, path string, body map[string]string, words func(o *operator, k shownKey) string) error {
	o, err := f.operator(cmd, p.Env)
	if err != nil {
		return err
	}
	o.look = "key list"
	answer, err := o.post(cmd.Context(), path, body)
	if err != nil {
		return err
	}
	return f.write(p.Out, answer, func() error {
		var k shownKey
		if err := read(answer, &k); err != nil {
			return err
		}
		text := words(o, k)
		if k.Secret != "" {
			if _, err := fmt.Fprintln(p.Out, k.Secret); err != nil {
				return err
			}
			_, err := fmt.Fprintln(p.Err, text)
			return err
		}
		_, err := fmt.Fprintln(p.Out, text)
		return err
	})
}

// giveIt says what to do with a secret.
const giveIt = "This is the only time that the key is shown. Give it to the sender, as Authorization: Bearer KEY or as docs/alerts.md says of it."

func keyAddCommand(p process) *cobra.Command {
	var flags operatorFlags
	var as, service string
	cmd := &cobra.Command{
		Use:   "add --config FILE [--service ID] [--as PERSON] [--json] NAME",
		Short: "Make a key for a sender of alerts",
		Long: "Makes an integration key and prints it, this once: the bot keeps only its hash. It works\n" +
			"at once. NAME is shown in timelines and may have small letters, digits and hyphens; give\n" +
			"each sender a key of its own. With --service, its alerts are of that service unless they\n" +
			"say otherwise.\n",
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.changeKey(cmd, p, "/v1/keys", map[string]string{"name": args[0], "service": service, "as": as}, func(_ *operator, k shownKey) string {
				return giveIt + " If it gets lost: stormbell key rotate " + k.Name
			})
		},
	}
	flags.add(cmd)
	asFlag(cmd, &as)
	cmd.Flags().StringVar(&service, "service", "", "the `ID` of the service whose alerts it sends")
	return cmd
}

func keyRotateCommand(p process) *cobra.Command {
	var flags operatorFlags
	var as string
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "rotate --config FILE [--overlap DURATION] [--as PERSON] [--json] NAME",
		Short: "Give a key another secret; the old one works for a day",
		Long: "Makes another secret for the key and prints it, this once. The old one works until the\n" +
			"overlap ends, so that the sender can be changed without losing an alert.\n",
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]string{"overlap": overlap.String(), "as": as}
			return flags.changeKey(cmd, p, "/v1/keys/"+url.PathEscape(args[0])+"/rotate", body, func(o *operator, k shownKey) string {
				if k.OldUntil.IsZero() {
					return giveIt + " The old one works no longer."
				}
				return giveIt + " The old one works until " + k.OldUntil.In(o.zone).Format("2006-01-02 15:04 MST") + "."
			})
		},
	}
	flags.add(cmd)
	asFlag(cmd, &as)
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the old secret works, a `DURATION` from 0s, which ends it at once, to 720h")
	return cmd
}

func keyRevokeCommand(p process) *cobra.Command {
	var flags operatorFlags
	var as string
	cmd := &cobra.Command{
		Use:   "revoke --config FILE [--as PERSON] [--json] NAME",
		Short: "End a key at once: its sender is refused from now on",
		Args:  exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.changeKey(cmd, p, "/v1/keys/"+url.PathEscape(args[0])+"/revoke", map[string]string{"as": as}, func(_ *operator, k shownKey) string {
				return "The key " + k.Name + " is revoked: whoever sends with it is answered 401."
			})
		},
	}
	flags.add(cmd)
	asFlag(cmd, &as)
	return cmd
}

func keyListCommand(p process) *cobra.Command {
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "list --config FILE [--json]",
		Short: "The keys, how each begins, and when it was used last",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			answer, err := o.get(cmd.Context(), "/v1/keys", nil)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printKeys(p.Out, answer, o.zone, time.Now()) })
		},
	}
	flags.add(cmd)
	return cmd
}

func printKeys(w io.Writer, answer []byte, zone *time.Location, now time.Time) error {
	var list struct {
		Keys []shownKey `json:"keys"`
	}
	if err := read(answer, &list); err != nil {
		return err
	}
	if len(list.Keys) == 0 {
		_, err := fmt.Fprintln(w, "no keys; stormbell key add NAME makes one")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range list.Keys {
		begins, used, made := "-", "never used", "from the configuration"
		if k.Prefix != "" {
			begins = k.Prefix + "…"
		}
		if !k.LastUse.IsZero() {
			used = "used " + age(now.Sub(k.LastUse)) + " ago"
		}
		if !k.Made.IsZero() {
			made = "made " + k.Made.In(zone).Format("2006-01-02")
		}
		if !k.OldUntil.IsZero() {
			made += ", the old one works until " + k.OldUntil.In(zone).Format("2006-01-02 15:04 MST")
		}
		service := k.Service
		if service == "" {
			service = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.Name, service, begins, used, made)
	}
	return t.Flush()
}
