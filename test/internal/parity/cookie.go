package parity

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Balancers are the places of the cookies of a load balancer's stickiness, which say nothing of the
// programs behind it.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
var Balancers = PlacesOf("Set-Cookie AWSALB", "Set-Cookie AWSALBCORS", "Set-Cookie AWSALBTG", "Set-Cookie AWSALBTGCORS")

// cookies compares the cookies that two answers set, by their names and attributes. Their
// values, and when they end to the second, are each answer's own.
func cookies(one, other []string) []Difference {
	a, b := byName(one), byName(other)
	names := maps.Clone(a)
	maps.Copy(names, b)
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		place := "Set-Cookie " + name
		x, inOne := a[name]
		y, inOther := b[name]
		switch {
		case !inOther:
			all = append(all, Difference{place, "set", nothing})
		case !inOne:
			all = append(all, Difference{place, nothing, "set"})
		case x != y:
			all = append(all, Difference{place, x, y})
		}
	}
	return all
}

// byName are the attributes of cookies by their names. Of two with a name the last counts, as
// it does in a browser.
func byName(lines []string) map[string]string {
	all := map[string]string{}
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			name, _, named := strings.Cut(line, "=")
			if !named {
				name = "without a name"
			}
			all[strings.TrimSpace(name)] = malformed
			continue
		}
		all[c.Name] = fmt.Sprintf("%sPath=%q Domain=%q Secure=%t HttpOnly=%t SameSite=%s Partitioned=%t",
			ends(c), c.Path, c.Domain, c.Secure, c.HttpOnly, sites[c.SameSite], c.Partitioned)
	}
	return all
}

// malformed is what is said of a cookie that cannot be read. Its value may be personal data.
const malformed = "malformed"

var sites = map[http.SameSite]string{
	http.SameSiteLaxMode: "Lax", http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None",
}

// ends says whether a cookie outlives the browser's session, or is taken away.
func ends(c *http.Cookie) string {
	switch {
	case c.MaxAge < 0:
		return "removed "
	case c.MaxAge > 0:
		return fmt.Sprintf("Max-Age=%d ", c.MaxAge)
	case !c.Expires.IsZero():
		return "Expires "
	}
	return ""
}
