package services

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Egress lets a program open connections over TCP, besides those on port 443, which every
// program may, and those to the programs that it calls.
type Egress struct {
	// To is an IPv4 CIDR block of /8 at most, such as "10.20.0.0/16", Internet, or a security group in the
	// environment's VPC, which then also admits the program and no other: its id, such as
	// "sg-0a1b2c3d4e5f60718", or a name, such as "database", whose id each environment says.
	To string
	// Port is a TCP port, 1 to 65535.
	Port int
	// Reason is what for, such as "orders database": the description of the rules. At
	// most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*.
	//
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
	Reason string
}

// Internet is every address, which takes a NAT gateway.
const Internet = "internet"

// Group reports whether the way leads to a security group.
func (e Egress) Group() bool { return strings.HasPrefix(e.To, "sg-") }

// Named reports whether the way leads to a security group by a name.
func (e Egress) Named() bool { return fitsName(e.To) && !e.Group() && e.To != Internet }

// String returns where the way leads: "10.20.0.0/16 on port 5432".
func (e Egress) String() string { return fmt.Sprintf("%s on port %d", e.To, e.Port) }

// same reports whether another way leads to the same port of the same place.
func (e Egress) same(other Egress) bool { return e.To == other.To && e.Port == other.Port }

// widest is the size of the largest block, in bits of the prefix. Wider ones are the
// internet in parts.
const widest = 8

// IsSecurityGroup reports whether a text is the id of a security group. Ids have 8 digits or,
// since 2018, 17.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
func IsSecurityGroup(id string) bool { return securityGroupID.MatchString(id) }

var (
	securityGroupID = regexp.MustCompile(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`)
	ruleDescription = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)
)

func (e Egress) check() error {
	block, err := netip.ParsePrefix(e.To)
	isBlock := err == nil && block.Addr().Is4() && block == block.Masked()
	switch {
	case isBlock && block.Bits() < widest:
		return fmt.Errorf("egress to %s: want a block of /%d at most, or %q for every address", e.To, widest, Internet)
	case !isBlock && e.To != Internet && !IsSecurityGroup(e.To) && !e.Named():
		return fmt.Errorf("egress to %q: want an IPv4 CIDR block such as 10.20.0.0/16, the id or the name of a security group, or %s", e.To,
			Internet)
	case e.Port < 1 || e.Port > 65535:
		return fmt.Errorf("egress to %s: want a port of 1 to 65535", e)
	case e.To == Internet && e.Port == 443:
		return fmt.Errorf("egress to %s: every program has that way: remove it", e)
	case !ruleDescription.MatchString(e.Reason):
		return fmt.Errorf("egress to %s for %q: want a reason of at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*", e, e.Reason)
	}
	return nil
}
