// Package rotation answers who is on call, and reads and writes the roster that
// says so: people, teams, rotations, policies, services and agreements, and what
// holds for alerts and heartbeats.
//
// Its nouns are the [Roster], one reviewable text file, and the [Rotation], a
// stack of layers with overrides, swaps, absences and shadows on top. One
// evaluation answers the live question, the preview, the user group, the
// calendar and the figures, so that they cannot disagree.
//
// Everything is computed from the roster and an instant in closed form: nothing
// counts shifts, nothing walks from a rotation's start, and nothing is stored.
// The package refuses to know what time it is, to touch a network or a file,
// and to decide what happens when nobody answers; that is the escalation's.
package rotation
