package services

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The first eight are examples of AWS's reference, the ninth is one of its
// scheduler's.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
func TestCronAccepts(t *testing.T) {
	for _, fields := range []string{
		"0 10 * * ? *",
		"15 12 * * ? *",
		"0 18 ? * MON-FRI *",
		"0 8 1 * ? *",
		"0/15 * * * ? *",
		"0/10 * ? * MON-FRI *",
		"0/5 8-17 ? * MON-FRI *",
		"0/30 20-2 ? * MON-FRI *",
		"15 10 ? * 6L 2022-2023",
		"00 07 ? * 2-6 *",
		"*/5 * * * ? *",
		"0,30 6-18/2 1,15 JAN,JUL-SEP ? 2026,2030-2035",
		"59 23 31 12 ? 2199",
		"0 0 L * ? *",
		"0 0 3W * ? *",
		"0 0 ? * L *",
		"0 0 ? * FRIL *",
		"0 0 ? * 3#2 *",
		"0 0 ? * TUE#5 *",
		"0 0 1/10 1/3 ? 2026/2",
	} {
		assert.NoError(t, checkCron("cron("+fields+")"), fields)
	}
}

func TestCronRefuses(t *testing.T) {
	for expression, want := range map[string]string{
		"":                          "want six fields",
		"rate(1 hour)":              "want six fields",
		"at(2026-03-05T18:00:00)":   "want six fields",
		"0 7 ? * MON-FRI *":         "want six fields",
		"cron(0 7 ? * MON-FRI)":     "want six fields",
		"cron(0 7 ? * MON-FRI * *)": "want six fields",
		"cron(0  7 ? * MON-FRI *)":  "want six fields",
		"cron( 7 ? * MON-FRI *)":    `minutes "": "" is not a value: want 0-59`,
		"cron(99 99 ? * XYZ *)":     `minutes "99": "99" is not a value: want 0-59`,
		"cron(60 7 * * ? *)":        `minutes "60": "60" is not a value: want 0-59`,
		"cron(+5 7 * * ? *)":        `minutes "+5": "+5" is not a value: want 0-59`,
		"cron(005 7 * * ? *)":       `minutes "005": "005" is not a value: want 0-59`,
		"cron(? 7 * * ? *)":         `minutes "?": "?" is not a value: want 0-59`,
		"cron(5, 7 * * ? *)":        `minutes "5,": "" is not a value: want 0-59`,
		"cron(0/0 7 * * ? *)":       `minutes "0/0": want a step of 1-59 after the /`,
		"cron(0/60 7 * * ? *)":      `minutes "0/60": want a step of 1-59 after the /`,
		"cron(/5 7 * * ? *)":        `minutes "/5": "" is not a value: want 0-59`,
		"cron(0/5/5 7 * * ? *)":     `minutes "0/5/5": want a step of 1-59 after the /`,
		"cron(50-10 7 * * ? *)":     `minutes "50-10": want a range that ascends, not 50-10`,
		"cron(1-2-3 7 * * ? *)":     `minutes "1-2-3": "2-3" is not a value: want 0-59`,
		"cron(*-5 7 * * ? *)":       `minutes "*-5": "*" is not a value: want 0-59`,
		"cron(0 24 * * ? *)":        `hours "24": "24" is not a value: want 0-23`,
		"cron(0 1,25 * * ? *)":      `hours "1,25": "25" is not a value: want 0-23`,
		"cron(0 7 0 * ? *)":         `day-of-month "0": "0" is not a value: want 1-31, or alone ?, L or a day and W`,
		"cron(0 7 32W * ? *)":       `day-of-month "32W": "32W" is not a value: want 1-31`,
		"cron(0 7 1,L * ? *)":       `day-of-month "1,L": "L" is not a value: want 1-31`,
		"cron(0 7 1W,15W * ? *)":    `day-of-month "1W,15W": "1W" is not a value: want 1-31`,
		"cron(0 7 MON * ? *)":       `day-of-month "MON": "MON" is not a value: want 1-31`,
		"cron(0 7 1#2 * ? *)":       `day-of-month "1#2": "1#2" is not a value: want 1-31`,
		"cron(0 7 * 13 ? *)":        `month "13": "13" is not a value: want 1-12 or JAN-DEC`,
		"cron(0 7 * jan ? *)":       `month "jan": "jan" is not a value: want 1-12 or JAN-DEC`,
		"cron(0 7 * NOV-FEB ? *)":   `month "NOV-FEB": want a range that ascends, not NOV-FEB`,
		"cron(0 7 ? * XYZ *)": `day-of-week "XYZ": "XYZ" is not a value: ` +
			`want 1-7 or SUN-SAT, or alone ?, L, a day and L, or a day and #1 to #5`,
		"cron(0 7 ? * 0 *)":         `day-of-week "0": "0" is not a value: want 1-7 or SUN-SAT`,
		"cron(0 7 ? * 8 *)":         `day-of-week "8": "8" is not a value: want 1-7 or SUN-SAT`,
		"cron(0 7 ? * FRI-MON *)":   `day-of-week "FRI-MON": want a range that ascends, not FRI-MON`,
		"cron(0 7 ? * 2/2 *)":       `day-of-week "2/2": want no /, but a list of days`,
		"cron(0 7 ? * 3#6 *)":       `day-of-week "3#6": "3#6" is not a value`,
		"cron(0 7 ? * 3#1,6#3 *)":   `day-of-week "3#1,6#3": "3#1" is not a value`,
		"cron(0 7 ? * 3W *)":        `day-of-week "3W": "3W" is not a value`,
		"cron(0 7 * * ? 1969)":      `year "1969": "1969" is not a value: want 1970-2199`,
		"cron(0 7 * * ? 2200)":      `year "2200": "2200" is not a value: want 1970-2199`,
		"cron(0 7 * * ? ?)":         `year "?": "?" is not a value: want 1970-2199`,
		"cron(0 7 * * ? 2030-2026)": `year "2030-2026": want a range that ascends, not 2030-2026`,
		"cron(0 7 * * * *)":         `day-of-month "*" and day-of-week "*": want ? in exactly one of them`,
		"cron(0 7 ? * ? *)":         `day-of-month "?" and day-of-week "?": want ? in exactly one of them`,
		"cron(0 7 1 * MON *)":       `day-of-month "1" and day-of-week "MON": want ? in exactly one of them`,
	} {
		assert.ErrorContains(t, checkCron(expression), want, expression)
	}
}

// cronItem draws one item of a list that the field takes.
func cronItem(t *rapid.T, f cronField) string {
	value := func(low, high int) (int, string) {
		n := rapid.IntRange(low, high).Draw(t, "value")
		if len(f.names) > 0 && rapid.Bool().Draw(t, "by name") {
			return n, f.names[n-f.min]
		}
		return n, fmt.Sprint(n)
	}
	item := "*"
	if !rapid.Bool().Draw(t, "every") {
		var first int
		if first, item = value(f.min, f.max); rapid.Bool().Draw(t, "range") {
			_, last := value(first, f.max)
			item += "-" + last
		}
	}
	if f.maxStep > 0 && rapid.Bool().Draw(t, "step") {
		item += fmt.Sprint("/", rapid.IntRange(1, f.maxStep).Draw(t, "every"))
	}
	return item
}

// cronExpression draws the fields of an expression as AWS documents them.
func cronExpression(t *rapid.T) []string {
	var fields []string
	for _, f := range cronFields {
		var items []string
		for range rapid.IntRange(1, 3).Draw(t, f.name) {
			items = append(items, cronItem(t, f))
		}
		fields = append(fields, strings.Join(items, ","))
	}
	fields[rapid.SampledFrom([]int{dayOfMonth, dayOfWeek}).Draw(t, "any day")] = "?"
	return fields
}

// An expression of the documented grammar is accepted, and refused by the name of
// the field when one of its fields has something that is not.
func TestCronGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := cronExpression(t)
		expression := "cron(" + strings.Join(fields, " ") + ")"
		require.NoError(t, checkCron(expression), expression)

		i := rapid.IntRange(0, len(cronFields)-1).Draw(t, "field")
		f := cronFields[i]
		wrong := rapid.SampledFrom([]string{
			fmt.Sprint(f.max + 1), fmt.Sprint(f.min - 1), "XYZ", "", "-", "/", "**", "1W-3", "*/0", fmt.Sprintf("*/%d", f.maxStep+1),
			fmt.Sprintf("%d-%d", f.min, f.max+1), "LL", "##", "5L5",
		}).Draw(t, "mistake")
		if fields[i] == "?" || rapid.Bool().Draw(t, "instead") {
			fields[i] = wrong
		} else {
			fields[i] += "," + wrong
		}
		expression = "cron(" + strings.Join(fields, " ") + ")"
		require.ErrorContains(t, checkCron(expression), f.name+" ", expression)
	})
}

// What a field refuses it also refuses in a list, whatever the text is.
func TestCronIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("0123456789*?/-,LW#MONJAX"))).Draw(t, "field")
		for _, f := range cronFields {
			if f.check(text) != nil {
				assert.Error(t, f.check("*,"+text), f.name)
			}
		}
		assert.Error(t, checkCron("cron("+text+")"))
	})
}

// The schedule of a service is checked, and the error says which.
func TestScheduleIsChecked(t *testing.T) {
	c := sample()
	c.Services[1].Scaling.Schedule = []ScheduledBounds{{Name: "Noon", Cron: "cron(99 99 ? * XYZ *)", Min: 1, Max: 2}}
	_, err := c.Complete()
	require.EqualError(t, err, `services: "beta": schedule Noon at "cron(99 99 ? * XYZ *)": minutes "99": "99" is not a value: want 0-59`)
}
