package services

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cronField is one of the six fields of a cron expression.
type cronField struct {
	name string
	// min and max are the smallest and the largest value.
	min, max int
	// names stand for the values from min on. Empty means that there are none.
	names []string
	// maxStep is the largest number after a slash. Zero means that the field takes no slash.
	maxStep int
	// wraps means that a range may pass the end of the field, as 20-2 passes midnight.
	wraps bool
	// whole is what a field may also be as a whole, but not in a list. Nil means nothing.
	whole *regexp.Regexp
	// alone says what whole is, in an error.
	alone string
}

const (
	dayOfMonth = 2
	dayOfWeek  = 4
)

var (
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// cronFields are the fields in their order. AWS documents their values and
// wildcards, and a range of hours that passes midnight (20-2), but no other range
// that does not ascend. It documents L, W and # for one day, not in a list.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
var cronFields = []cronField{
	{name: "minutes", max: 59, maxStep: 59},
	{name: "hours", max: 23, maxStep: 23, wraps: true},
	{
		name: "day-of-month", min: 1, max: 31, maxStep: 31,
		whole: regexp.MustCompile(`^(\?|L|(0?[1-9]|[12]\d|3[01])W)$`), alone: "?, L or a day and W",
	},
	{name: "month", min: 1, max: 12, names: monthNames, maxStep: 12},
	{
		name: "day-of-week", min: 1, max: 7, names: weekdayNames,
		whole: regexp.MustCompile(`^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$`), alone: "?, L, a day and L, or a day and #1 to #5",
	},
	{name: "year", min: 1970, max: 2199, maxStep: 229},
}

// checkCron refuses a cron expression that Application Auto Scaling does not take,
// which CloudFormation would report in the middle of a deployment. The dialect is
// AWS's own. An error names the field and what it may be.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
func checkCron(expression string) error {
	inner, ok := strings.CutPrefix(expression, "cron(")
	inner, closed := strings.CutSuffix(inner, ")")
	fields := strings.Split(inner, " ")
	if !ok || !closed || len(fields) != len(cronFields) {
		return errors.New("want six fields with one space between them, such as cron(0 7 ? * MON-FRI *)")
	}
	for i, f := range cronFields {
		if err := f.check(fields[i]); err != nil {
			return fmt.Errorf("%s %q: %w", f.name, fields[i], err)
		}
	}
	if days := fields[dayOfMonth]; (days == "?") == (fields[dayOfWeek] == "?") {
		return fmt.Errorf("day-of-month %q and day-of-week %q: want ? in exactly one of them", days, fields[dayOfWeek])
	}
	return nil
}

func (f cronField) check(text string) error {
	if f.whole != nil && f.whole.MatchString(text) {
		return nil
	}
	for item := range strings.SplitSeq(text, ",") {
		if err := f.checkItem(item); err != nil {
			return err
		}
	}
	return nil
}

// checkItem checks one item of a list: *, a value or a range, and a step where the
// field takes one.
func (f cronField) checkItem(item string) error {
	values, step, stepped := strings.Cut(item, "/")
	if stepped && f.maxStep == 0 {
		return errors.New("want no /, but a list of days")
	}
	if n, ok := number(step); stepped && (!ok || n < 1 || n > f.maxStep) {
		return fmt.Errorf("want a step of 1-%d after the /", f.maxStep)
	}
	if values == "*" {
		return nil
	}
	low, high, isRange := strings.Cut(values, "-")
	first, ok := f.value(low)
	if !ok {
		return f.unknown(low)
	}
	if !isRange {
		return nil
	}
	last, ok := f.value(high)
	if !ok {
		return f.unknown(high)
	}
	if last < first && !f.wraps {
		return fmt.Errorf("want a range that ascends, not %s", values)
	}
	return nil
}

// value reads a number or a name of the field.
func (f cronField) value(text string) (int, bool) {
	if i := slices.Index(f.names, text); i >= 0 {
		return f.min + i, true
	}
	n, ok := number(text)
	return n, ok && n >= f.min && n <= f.max
}

func (f cronField) unknown(text string) error {
	want := fmt.Sprintf("%d-%d", f.min, f.max)
	if len(f.names) > 0 {
		want += fmt.Sprintf(" or %s-%s", f.names[0], f.names[len(f.names)-1])
	}
	if f.alone != "" {
		want += ", or alone " + f.alone
	}
	return fmt.Errorf("%q is not a value: want %s", text, want)
}

// cronNumber is a number, such as 7, 07 or 2026. It has no sign and one leading zero at most.
var cronNumber = regexp.MustCompile(`^(0?\d|[1-9]\d+)$`)

func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && cronNumber.MatchString(text)
}
