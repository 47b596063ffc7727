package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const openQueue = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders"

// A permission names each action and each resource; the objects of a bucket are the one
// exception.
func TestPermission(t *testing.T) {
	for _, p := range []Permission{
		{[]string{"sqs:SendMessage"}, []string{openQueue}},
		{[]string{"s3:GetObject", "s3:PutObject"}, []string{"arn:aws:s3:::shop-uploads/*", "arn:aws:s3:::shop-uploads/in/*"}},
		{[]string{"rds-db:connect"}, []string{"arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-ABCDEFGH/app"}},
	} {
		assert.NoError(t, p.check(), "%+v", p)
	}
	assert.Equal(t, []string{"sqs", "kms"}, Permission{Actions: []string{"sqs:SendMessage", "sqs:ReceiveMessage", "kms:Decrypt"}}.Services())
}

func TestPermissionsRefused(t *testing.T) {
	const action = ": want an exact action, such as sqs:SendMessage"
	const resource = ": want the ARN of an exact resource, or of the objects of a bucket, which ends in /*"
	send, queue := []string{"sqs:SendMessage"}, []string{openQueue}
	for want, p := range map[string]Permission{
		"a permission of 0 actions on 1 resources: want one or more of each": {nil, queue},
		"a permission of 1 actions on 0 resources: want one or more of each": {send, nil},
		`permission for "sqs:*"` + action:                                    {[]string{"sqs:*"}, queue},
		`permission for "sqs:Send?essage"` + action:                          {[]string{"sqs:Send?essage"}, queue},
		`permission for "*"` + action:                                        {[]string{"*"}, queue},
		`permission for "SendMessage"` + action:                              {[]string{"SendMessage"}, queue},
		`permission on "*"` + resource:                                       {send, []string{"*"}},
		`permission on "orders"` + resource:                                  {send, []string{"orders"}},
		`permission on "arn:aws:sqs:eu-west-1:123456789012:*"` + resource:    {send, []string{"arn:aws:sqs:eu-west-1:123456789012:*"}},
		`permission on "arn:aws:sqs:*:123456789012:orders"` + resource:       {send, []string{"arn:aws:sqs:*:123456789012:orders"}},
		`permission on "arn:aws:s3:::*/*"` + resource:                        {send, []string{"arn:aws:s3:::*/*"}},
		`permission on "arn:aws:s3:::shop*"` + resource:                      {send, []string{"arn:aws:s3:::shop*"}},
		`permission on "arn:aws:sqs:eu-west-1:123456789012:a/*"` + resource:  {send, []string{"arn:aws:sqs:eu-west-1:123456789012:a/*"}},
	} {
		c := sample()
		c.Services[1].Needs.Permissions = []Permission{{send, queue}, p}
		_, err := c.Complete()
		assert.EqualError(t, err, `services: "beta": `+want)
	}
}
