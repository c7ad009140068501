// Package escalation decides who is paged about one incident, in which order,
// by which contact method, until somebody answers.
//
// Its noun is the [Escalation], a value that is stored as it is. It holds the
// escalation policy as it was when the escalation was opened, at which step it
// stands, the personal rules that are running, and the instant at which
// something is due next. Two questions drive it: when is it due ([Escalation.Due]),
// and what changes and what must be sent now ([Escalation.Step]). What people do is a
// method named by their verb ([Escalation.Ack], [Escalation.Snooze], [Escalation.Reassign] …);
// those only move the escalation, and the Step that follows does the sending.
//
// The package knows nobody and sends nothing: who is on call and how a person
// is reached are asked of a [World], and what is to be sent comes back as
// [Notification] values. It has no clock; every instant is given.
//
// # The rules
//
// The comments name these where they are decided.
//
//	P1   A step starts: the distinct people of all its targets, each with their
//	     own rules from 0; one post for each channel.
//	P2   Its wait is over: the next step; after the last one the next pass;
//	     after the last pass it is exhausted and the last resort is told once.
//	P3   Escalation adds people: earlier people's rules go on until somebody answers.
//	P4   A person paged again starts their rules afresh.
//	P5   An acknowledgement stops everything, also what is due at the same instant.
//	P6   A step whose people come to nobody is skipped at once, even if a
//	     channel was told; a step of channels only waits.
//	P7   Nobody in a whole pass: the last resort at once, a new look every minute.
//	P8   No progress after an acknowledgement: that step again, with whoever is
//	     on call by then plus the person who acknowledged.
//	P9   Progress restarts that clock.
//	P10  An acknowledgement taken back: the step again.
//	P11  A snooze: silence, then the first step of the first pass.
//	P12  Reassigned: one person only; after five minutes the policy.
//	P13  Low urgency: the first step, low rules, no escalation; raised, it
//	     starts as high. So it does by itself when support hours begin, if it
//	     was low because of them. Escalated by hand, it goes on as high.
//	P14  Round robin: one person for an incident, in turn.
//	P15  No rules for the urgency: every verified way at once.
//	P16  Somebody who has left is nobody.
//	P17  What waits for a time of day waits for a stored instant. A step outside
//	     its hours has nobody (P6), or waits for them; whoever escalates by hand
//	     does not wait.
package escalation
