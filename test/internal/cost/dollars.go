package cost

import (
	"fmt"
	"strconv"
	"strings"
)

// Dollars are billionths of a US dollar, because AWS lists prices of an hour with up
// to eight decimals.
type Dollars int64

// dollar has no type, so that a price with more decimals than Dollars can hold does
// not compile.
const dollar = 1e9

// String is the amount with all decimals that are not zero, and two at least, such as
// "$0.0252".
func (d Dollars) String() string {
	text := strconv.FormatFloat(float64(d)/dollar, 'f', -1, 64)
	_, decimals, _ := strings.Cut(text, ".")
	if len(decimals) < 2 {
		text = strconv.FormatFloat(float64(d)/dollar, 'f', 2, 64)
	}
	return "$" + text
}

// Cents are hundredths of a US dollar. An estimate adds up cents, so that its printed
// sums equal the sums of its printed rows.
type Cents int64

// String is the amount with two decimals, such as "$146.40".
func (c Cents) String() string { return fmt.Sprintf("$%d.%02d", c/100, c%100) }

const hoursAMonth = 730

// month returns the cost of a number of units of 1/1024 in a month, rounded to the
// nearest cent.
func (p Price) month(units int64) Cents {
	billionths := units * int64(p.Dollars)
	if p.Per == Hour {
		billionths *= hoursAMonth
	}
	const cent = whole * dollar / 100
	return Cents((billionths + cent/2) / cent)
}
