package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/account/accounttest"
	"example.com/strangler/test/internal/fixture"
)

// accountAt answers as AWS does, with a recorded answer for each call: the action, and after a
// slash the token of a further page. It refuses what does more than describe.
func accountAt(t *testing.T, answers map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		if token := r.FormValue("NextToken") + r.FormValue("Marker"); token != "" {
			action += "/" + token
		}
		answer, recorded := answers[action]
		if !recorded || !strings.HasPrefix(action, "Describe") || r.Header.Get("Authorization") == "" {
			t.Errorf("%s is not recorded, or not signed", action)
		}
		w.Header().Set("Content-Type", "text/xml")
		if strings.Contains(answer, "<Error>") {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	accounttest.SignIn(t, server.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
}

func command(t *testing.T, args ...string) (out, notes string, err error) {
	t.Helper()
	var o, n strings.Builder
	err = run(t.Context(), args, &o, &n)
	if err != nil {
		assert.NotContains(t, err.Error(), "\n", "more than one line")
	}
	return o.String(), n.String(), err
}

const (
	anID = "vpc-0123456789abcdef0"
	aVPC = `<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet><item><vpcId>` + anID + `</vpcId>` +
		`<cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockAssociationSet>` +
		`<item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>` +
		`<item><cidrBlock>10.9.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>` +
		`<item><cidrBlock>10.2.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>` +
		`</cidrBlockAssociationSet></item></vpcSet></DescribeVpcsResponse>`
)

// subnets is an answer with a subnet for each line of id, zone, free addresses and name.
func subnets(next string, lines ...string) string {
	var text strings.Builder
	for _, line := range lines {
		f := strings.Fields(line)
		fmt.Fprintf(&text, `<item><subnetId>subnet-%s</subnetId><vpcId>`+anID+`</vpcId><availabilityZone>eu-west-1%s</availabilityZone>`+
			`<cidrBlock>10.1.0.0/24</cidrBlock><availableIpAddressCount>%s</availableIpAddressCount>`+
			`<tagSet><item><key>Name</key><value>%s</value></item></tagSet></item>`, f[0], f[1], f[2], f[3])
	}
	return `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><subnetSet>` + text.String() +
		`</subnetSet><nextToken>` +
		next + `</nextToken></DescribeSubnetsResponse>`
}

// tables is an answer with a route table for each line of id, target of the default route
// or "-", and subnets, or "main".
func tables(next string, lines ...string) string {
	var text strings.Builder
	for _, line := range lines {
		f := strings.Fields(line)
		const item = `<item><destinationCidrBlock>%s</destinationCidrBlock><%[2]s>%[3]s</%[2]s><state>active</state></item>`
		route := fmt.Sprintf(item, "10.1.0.0/16", "gatewayId", "local")
		switch {
		case strings.HasPrefix(f[1], "igw-"):
			route += fmt.Sprintf(item, "0.0.0.0/0", "gatewayId", f[1])
		case f[1] != "-":
			route += fmt.Sprintf(item, "0.0.0.0/0", "natGatewayId", f[1])
		}
		var of string
		for _, subnet := range f[2:] {
			if subnet == "main" {
				of += `<item><main>true</main></item>`
			} else {
				of += `<item><subnetId>subnet-` + subnet + `</subnetId><main>false</main></item>`
			}
		}
		fmt.Fprintf(&text, `<item><routeTableId>rtb-%s</routeTableId><routeSet>%s</routeSet><associationSet>%s</associationSet></item>`,
			f[0], route, of)
	}
	return `<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet>` + text.String() +
		`</routeTableSet><nextToken>` + next + `</nextToken></DescribeRouteTablesResponse>`
}

// The block has a subnet for tasks and a public one in each zone that has both, the roomiest
// of several, and what is left out is a note.
func TestVPC(t *testing.T) {
	accountAt(t, map[string]string{
		"DescribeVpcs": aVPC,
		"DescribeSubnets": subnets("more", "0a000001 a 200 tasks-a", "0a000002 a 250 roomy-a",
			"0a000003 b 250 tasks-b", "0b000001 a 50 public-a"),
		"DescribeSubnets/more":     subnets("", "0b000002 b 50 public-b", "0c000001 c 250 tasks-c", "0d000001 a 9 database-a"),
		"DescribeRouteTables":      tables("more", "0e000001 igw-1 0b000001 0b000002", "0e000002 nat-1 0a000001 0a000002"),
		"DescribeRouteTables/more": tables("", "0e000003 nat-2 main", "0e000004 - 0d000001"),
	})
	out, notes, err := command(t, "vpc", anID)
	require.NoError(t, err)
	assert.Equal(t, `"vpc": {
  "id": "vpc-0123456789abcdef0",
  "cidr": [
    "10.1.0.0/16",
    "10.2.0.0/16"
  ],
  "zones": [
    "eu-west-1a",
    "eu-west-1b"
  ],
  "tasks": [
    "subnet-0a000002",
    "subnet-0a000003"
  ],
  "routeTables": [
    "rtb-0e000002",
    "rtb-0e000003"
  ],
  "loadBalancer": [
    "subnet-0b000001",
    "subnet-0b000002"
  ],
  "internet": true
}
`, out)
	assert.Equal(t, `left out: subnet-0a000001 in eu-west-1a, 10.1.0.0/24, tasks-a
left out: subnet-0c000001 in eu-west-1c, 10.1.0.0/24, tasks-c
left out: subnet-0d000001 in eu-west-1a, 10.1.0.0/24, database-a
`, notes)
	assert.NoError(t, checkBlock(t, out, nil), "an environment takes the block")
}

// A VPC without internet gateway and NAT gateway has a block for an existing listener.
func TestVPCWithoutInternet(t *testing.T) {
	accountAt(t, map[string]string{
		"DescribeVpcs":        aVPC,
		"DescribeSubnets":     subnets("", "0a000001 a 200 tasks-a", "0a000002 b 250 tasks-b"),
		"DescribeRouteTables": tables("", "0e000001 - main"),
	})
	out, notes, err := command(t, "vpc", anID)
	require.NoError(t, err)
	assert.Contains(t, out, `"internet": false`)
	assert.NotContains(t, out, "loadBalancer")
	assert.Equal(t, "no public subnet: the environment needs a listener that is there already\n"+
		"no way to the internet: the VPC needs endpoints, or the block \"endpoints\": true\n", notes)
	assert.NoError(t, checkBlock(t, out, map[string]any{
		"arn":           "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2",
		"securityGroup": "sg-0a000001", "url": "https://www.example.com",
	}), "an environment takes the block")
}

// checkBlock reads an environment with the block, as a person would paste it.
func checkBlock(t *testing.T, block string, listener any) error {
	t.Helper()
	environment := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte("{"+block+"}"), &environment))
	environment["region"], environment["traces"] = "eu-west-1", true
	environment["migration"] = map[string]any{"alpha": "dark", "legacy": "serving"}
	if listener != nil {
		environment["listener"] = listener
	}
	_, err := stacks.Read(map[string]any{"environments": map[string]any{"dev": environment}}, fixture.Running("first"))
	return err
}

func TestVPCInOneZone(t *testing.T) {
	accountAt(t, map[string]string{
		"DescribeVpcs":        aVPC,
		"DescribeSubnets":     subnets("", "0a000001 a 200 tasks-a", "0b000001 a 200 public-a", "0b000002 b 200 public-b"),
		"DescribeRouteTables": tables("", "0e000001 - main", "0e000002 igw-1 0b000001 0b000002"),
	})
	_, _, err := command(t, "vpc", anID)
	assert.EqualError(t, err, anID+" has 1 zones with a subnet for tasks, without a route in from the internet, and a public one "+
		"beside: want two")
}

const aListener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"

// rules is an answer with rules, and the marker of the next page.
func rules(marker string, members ...string) string {
	next := ""
	if marker != "" {
		next = "<NextMarker>" + marker + "</NextMarker>"
	}
	return `<DescribeRulesResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeRulesResult><Rules>` +
		strings.Join(members, "") + `</Rules>` + next + `</DescribeRulesResult></DescribeRulesResponse>`
}

// The file has the rules of all pages, and synthesis reads it.
func TestRules(t *testing.T) {
	accountAt(t, map[string]string{
		"DescribeRules": rules("more", `<member><RuleArn>first</RuleArn><Priority>10</Priority><IsDefault>false</IsDefault><Conditions><member>`+
			`<Field>path-pattern</Field><Values><member>/search</member></Values>`+
			`<PathPatternConfig><Values><member>/search</member></Values></PathPatternConfig></member></Conditions>`+
			`<Actions><member><Type>forward</Type><TargetGroupArn>group</TargetGroupArn></member></Actions></member>`),
		"DescribeRules/more": rules("", `<member><RuleArn>second</RuleArn><Priority>default</Priority><IsDefault>true</IsDefault>`+
			`<Actions><member><Type>fixed-response</Type></member></Actions></member>`),
	})
	file := filepath.Join(t.TempDir(), "theirs.json")
	out, notes, err := command(t, "--file", file, "rules", aListener)
	require.NoError(t, err)
	assert.Empty(t, out+notes)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "null")
	read, err := services.ParseTheirs(text)
	require.NoError(t, err)
	assert.Equal(t, []services.TheirRule{
		{ARN: "first", Priority: 10, Paths: []string{"/search"}, Groups: []string{"group"}}, {ARN: "second", Default: true},
	}, read)
}

// A listener's region is in its ARN.
func TestRegionOfTheListener(t *testing.T) {
	accountAt(t, map[string]string{"DescribeRules": rules("", `<member><RuleArn>a</RuleArn><IsDefault>true</IsDefault></member>`)})
	require.NoError(t, os.Unsetenv("AWS_REGION"))
	_, _, err := command(t, "--file", filepath.Join(t.TempDir(), "rules.json"), "rules", aListener)
	require.NoError(t, err)
	_, _, err = command(t, "vpc", anID)
	assert.EqualError(t, err, "no region: add --region eu-west-1 or another, or set AWS_REGION")
}

// What cannot be read is one line, and no file.
func TestRefused(t *testing.T) {
	const expired = `<Response><Errors><Error><Code>RequestExpired</Code><Message>Request has expired.</Message></Error></Errors></Response>`
	accountAt(t, map[string]string{
		"DescribeVpcs": expired,
		"DescribeRules": `<ErrorResponse><Error><Code>ListenerNotFound</Code><Message>One or more listeners not found</Message></Error>` +
			`</ErrorResponse>`,
	})
	_, _, err := command(t, "vpc", anID)
	assert.EqualError(t, err, "the credentials have expired or are wrong: sign in again: RequestExpired: Request has expired.")
	file := filepath.Join(t.TempDir(), "rules.json")
	_, _, err = command(t, "--file", file, "rules", aListener)
	assert.EqualError(t, err, "DescribeRules: ListenerNotFound: One or more listeners not found")
	assert.NoFileExists(t, file)
	for _, args := range [][]string{nil, {"vpc"}, {"subnets", anID}, {"vpc", anID, anID}, {"--nothing"}} {
		_, _, err = command(t, args...)
		assert.ErrorIs(t, err, errUsage, "%v", args)
	}
	accounttest.SignOut(t)
	_, _, err = command(t, "--region", "eu-west-1", "vpc", anID)
	assert.ErrorContains(t, err, "no credentials: sign in as for the AWS CLI, or set AWS_PROFILE: ")
}

// An argument of another form is refused before region and credentials are looked for.
func TestRefusedByForm(t *testing.T) {
	accounttest.SignOut(t)
	const aVPC = `want an id such as vpc-0123456789abcdef0, which aws ec2 describe-vpcs prints`
	const anARN = `want the ARN of a listener of an Application Load Balancer, which aws elbv2 describe-listeners prints, such as ` +
		`arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/0123456789abcdef/0123456789abcdef`
	balancer := strings.Replace(aListener, "listener", "loadbalancer", 1)
	for want, args := range map[string][]string{
		`vpc "foo": ` + aVPC:                             {"vpc", "foo"},
		`vpc "` + aListener + `": ` + aVPC:               {"vpc", aListener},
		`rules "foo": ` + anARN:                          {"rules", "foo"},
		`rules "` + balancer + `": ` + anARN:             {"rules", balancer},
		`rules "` + aListener + `/3": ` + anARN:          {"rules", aListener + "/3"},
		`rules "arn:aws:elasticloadbalancing": ` + anARN: {"--region", "eu-west-1", "rules", "arn:aws:elasticloadbalancing"},
	} {
		_, _, err := command(t, args...)
		assert.EqualError(t, err, want)
	}
}

// The SDK logs nothing of its own where it finds no credentials: here an instance's metadata
// service that does not know tokens.
func TestNoLogOfTheSDK(t *testing.T) {
	accounttest.SignOut(t)
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no", http.StatusForbidden)
	}))
	t.Cleanup(metadata.Close)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	t.Cleanup(func() { log.Close() })
	stderr := os.Stderr
	t.Cleanup(func() { os.Stderr = stderr })
	os.Stderr = log
	_, _, err = command(t, "--region", "eu-west-1", "vpc", anID)
	assert.ErrorContains(t, err, "no credentials: ")
	text, err := os.ReadFile(log.Name())
	require.NoError(t, err)
	assert.Empty(t, string(text))
}
