package account

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/account/accounttest"
	"example.com/strangler/test/internal/endpoint"
)

// An error of AWS is one line, and one of credentials says what to do.
func TestExplained(t *testing.T) {
	assert.NoError(t, Explained(nil))
	assert.EqualError(t, Explained(errors.New("first\nsecond")), "first")
	assert.EqualError(t, Explained(&smithy.GenericAPIError{Code: "AccessDenied"}), "AccessDenied: AWS gives no reason")
	refused := &smithy.OperationError{
		ServiceID: "Elastic Load Balancing v2", OperationName: "DescribeRules",
		Err: fmt.Errorf("https response error StatusCode: 400, %w", &smithy.GenericAPIError{Code: "ListenerNotFound", Message: "none"}),
	}
	assert.EqualError(t, Explained(fmt.Errorf("the rules of arn: %w", refused)), "the rules of arn: DescribeRules: ListenerNotFound: none")
	assert.EqualError(t, Explained(&smithy.GenericAPIError{Code: "ExpiredToken", Message: "old"}),
		"the credentials have expired or are wrong: sign in again: ExpiredToken: old")
}

// An environment in the caller's account, or in none that is named, is read as the caller is
// signed in; one in another account through the role that its bootstrap made for that.
func TestIn(t *testing.T) {
	assumed, refuse := "", false
	server := httptest.NewServer(endpoint.Handler(func(call endpoint.Call) (any, error) {
		switch {
		case call.Operation == "GetCallerIdentity":
			return &sts.GetCallerIdentityOutput{Account: aws.String("111122223333"), Arn: aws.String("arn:aws-cn:iam::111122223333:user/me")}, nil
		case refuse:
			return nil, &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}
		}
		assumed = call.Text("RoleArn")
		return &sts.AssumeRoleOutput{Credentials: &types.Credentials{
			AccessKeyId: aws.String("ASIAOTHER"), SecretAccessKey: aws.String("other"), SessionToken: aws.String("token"),
			Expiration: aws.Time(time.Now().Add(time.Hour)),
		}}, nil
	}))
	defer server.Close()
	accounttest.SignIn(t, server.URL)
	key := func(account string) string {
		config, err := In(t.Context(), account, "cn-north-1")
		require.NoError(t, err)
		credentials, err := config.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		return credentials.AccessKeyID
	}
	assert.Equal(t, "AKIDEXAMPLE", key(""))
	assert.Equal(t, "AKIDEXAMPLE", key("111122223333"))
	assert.Empty(t, assumed)
	assert.Equal(t, "ASIAOTHER", key("444455556666"))
	assert.Equal(t, "arn:aws-cn:iam::444455556666:role/cdk-hnb659fds-lookup-role-444455556666-cn-north-1", assumed)

	refuse = true
	_, err := In(t.Context(), "444455556666", "cn-north-1")
	require.ErrorContains(t, err, "run cdk bootstrap --trust-for-lookup there: ")
	require.ErrorContains(t, err, "AssumeRole: AccessDenied: no")
}
