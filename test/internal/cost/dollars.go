package cost

import (
	"fmt"
	"strconv"
	"strings"
)

// Dollars are billionths of a US dollar, as AWS lists what an hour costs with up
// to eight decimals.
type Dollars int64

// dollar has no type, so a price with more decimals than Dollars hold does not compile.
const dollar = 1e9

// String has all decimals that are not zero, and two at least: $0.0252.
func (d Dollars) String() string {
	text := strconv.FormatFloat(float64(d)/dollar, 'f', -1, 64)
	_, decimals, _ := strings.Cut(text, ".")
	if len(decimals) < 2 {
		text = strconv.FormatFloat(float64(d)/dollar, 'f', 2, 64)
	}
	return "$" + text
}

// Cents are what an estimate is printed in. Sums are of cents, so that whoever
// adds up what is printed finds the same.
type Cents int64

// String is such as $146.40.
func (c Cents) String() string { return fmt.Sprintf("$%d.%02d", c/100, c%100) }

const hoursAMonth = 730

// month is what a number of units of 1/1024 cost in a month, to the nearest cent.
func (p Price) month(units int64) Cents {
	billionths := units * int64(p.Dollars)
	if p.Per == Hour {
		billionths *= hoursAMonth
	}
	const cent = whole * dollar / 100
	return Cents((billionths + cent/2) / cent)
}
