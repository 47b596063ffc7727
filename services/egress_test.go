package services

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEgress(t *testing.T) {
	for _, e := range []Egress{
		{"10.20.0.0/16", 5432, "orders database"},
		{"192.0.2.7/32", 25, "mail (of the office)"},
		{"sg-0a1b2c3d4e5f60718", 6379, "sessions"},
		{"sg-0a1b2c3d", 65535, "sessions"},
		{"database", 5432, "orders"},
		{Internet, 25, "mail"},
	} {
		assert.NoError(t, e.check(), "%+v", e)
	}
}

func TestEgressRefused(t *testing.T) {
	const to = ": want an IPv4 CIDR block such as 10.20.0.0/16, the id or the name of a security group, or internet"
	const reason = ": want a reason of at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*"
	long := strings.Repeat("a", 256)
	for want, egress := range map[string][]Egress{
		`egress to "Database"` + to:      {{"Database", 5432, "x"}},
		`egress to "10.0.0.1/16"` + to:   {{"10.0.0.1/16", 5432, "x"}},
		`egress to "2001:db8::/32"` + to: {{"2001:db8::/32", 5432, "x"}},
		`egress to "sg-1"` + to:          {{"sg-1", 5432, "x"}},
		`egress to 128.0.0.0/1: want a block of /8 at most, or "internet" for every address`: {{"128.0.0.0/1", 25, "x"}},
		`egress to 0.0.0.0/0: want a block of /8 at most, or "internet" for every address`:   {{"0.0.0.0/0", 25, "x"}},
		`egress to internet on port 443: every program has that way: remove it`:              {{Internet, 443, "x"}},
		`egress to 10.0.0.0/16 on port 0: want a port of 1 to 65535`:                         {{"10.0.0.0/16", 0, "x"}},
		`egress to 10.0.0.0/16 on port 70000: want a port of 1 to 65535`:                     {{"10.0.0.0/16", 70000, "x"}},
		`egress to 10.0.0.0/16 on port 25 for ""` + reason:                                   {{"10.0.0.0/16", 25, ""}},
		`egress to 10.0.0.0/16 on port 25 for "the people's mail"` + reason:                  {{"10.0.0.0/16", 25, "the people's mail"}},
		`egress to 10.0.0.0/16 on port 25 for "` + long + `"` + reason:                       {{"10.0.0.0/16", 25, long}},
		`egress to 10.0.0.0/16 on port 25 is there twice: remove one`: {
			{"10.0.0.0/16", 25, "mail"}, {"10.0.0.0/16", 26, "mail"}, {"10.0.0.0/16", 25, "more mail"},
		},
	} {
		c := sample()
		c.Services[1].Needs.Egress = egress
		_, err := c.Complete()
		assert.EqualError(t, err, `services: "beta": `+want)
	}
}
