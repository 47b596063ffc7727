package table

import (
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

const (
	// attemptTimeout is a hundred times the usual latency of DynamoDB.
	attemptTimeout = time.Second
	// maxBackoff is the pause between attempts at most. The SDK's default, 20 s, is
	// longer than operationTimeout.
	maxBackoff = 100 * time.Millisecond
	// idleConnections is the number of idle connections that stay open to DynamoDB. With
	// the SDK's default, 10, a busy program repeats TLS handshakes.
	idleConnections = 100
	// expiryWindow is the time before their expiry at which credentials are replaced.
	expiryWindow = 5 * time.Minute
)

// NewClient returns a DynamoDB client that is configured by environment variables.
// An attempt times out after 1 s, so that a caller gets an error early.
//
// It reads AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB, and for credentials either
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, which ECS sets, or AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. The SDK's own configuration has more
// sources, none of which exists in a task. They would be a fifth of the program's
// size and a third of its memory. Without AWS_REGION it returns an error.
func NewClient() (*dynamodb.Client, error) {
	region := os.Getenv("AWS_REGION")
	if region == "" {
		return nil, errors.New("AWS_REGION is not set: set it to the region of the tables")
	}
	return dynamodb.New(dynamodb.Options{
		Region:       region,
		BaseEndpoint: endpoint(),
		Credentials: aws.NewCredentialsCache(credentialsProvider(), func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = expiryWindow
		}),
		// The SDK returns errors as well, and the program logs them.
		Logger: logging.Nop{},
		HTTPClient: awshttp.NewBuildableClient().
			WithTimeout(attemptTimeout).
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = attemptTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = idleConnections }),
		APIOptions: []func(*middleware.Stack) error{traced},
		Retryer:    retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = maxBackoff }),
	}), nil
}

// endpoint returns AWS_ENDPOINT_URL_DYNAMODB, or nil for the region's own endpoint.
func endpoint() *string {
	if url := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"); url != "" {
		return &url
	}
	return nil
}

// credentialsProvider returns the provider of the task role's credentials, or of
// those in the environment when the program does not run in ECS.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
func credentialsProvider() aws.CredentialsProvider {
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		return endpointcreds.New("http://169.254.170.2" + path)
	}
	return credentials.NewStaticCredentialsProvider(
		os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN"))
}
