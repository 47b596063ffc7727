package assembly

import (
	"cmp"
	"fmt"
	"strings"
)

// pseudoParameter resolves what the stack's environment determines. What it leaves
// open becomes an identity such as ${AWS::AccountId}.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
func (r *resolver) pseudoParameter(path, name string) (any, error) {
	unknown := "${" + name + "}"
	partition, suffix := partition(r.stack.Region)
	switch name {
	case "AWS::NoValue":
		return absent{}, nil
	case "AWS::AccountId":
		return cmp.Or(r.stack.Account, unknown), nil
	case "AWS::Region":
		return cmp.Or(r.stack.Region, unknown), nil
	case "AWS::Partition":
		return cmp.Or(partition, unknown), nil
	case "AWS::URLSuffix":
		return cmp.Or(suffix, unknown), nil
	case "AWS::StackName":
		return r.stack.Name, nil
	case "AWS::StackId":
		return identity(r.stack.ID, name), nil
	}
	return nil, fmt.Errorf("%s: %s is not supported", path, name)
}

func partition(region string) (name, urlSuffix string) {
	switch {
	case region == "":
		return "", ""
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	}
	return "aws", "amazonaws.com"
}

// zones returns six Availability Zones of a region, the most that any region has.
// Which zones exist depends on the account.
func (r *resolver) zones(region string) []any {
	region = cmp.Or(region, r.stack.Region, "${AWS::Region}")
	var zones []any
	for _, letter := range "abcdef" {
		zones = append(zones, region+string(letter))
	}
	return zones
}
