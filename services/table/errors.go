package table

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// explain adds the attempted call to an error of the SDK, and ErrUnavailable to
// those that the SDK would retry.
func explain(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	attempt := fmt.Sprintf(format, args...)
	if errors.Is(err, context.DeadlineExceeded) || retryable.IsErrorRetryable(err).Bool() {
		return fmt.Errorf("%s: %w: %w", attempt, ErrUnavailable, discreet{err})
	}
	return fmt.Errorf("%s: %w", attempt, discreet{err})
}

var retryable = retry.IsErrorRetryables(retry.DefaultRetryables)

// discreet is an error of the SDK without its message: errors are logged, and
// DynamoDB quotes the keys and values that it refuses.
type discreet struct{ error }

// Unwrap lets errors.Is and errors.As see the error itself.
func (d discreet) Unwrap() error { return d.error }

// Error returns the error code and the request id, by which AWS Support finds the
// request, or the network's error if there was no response.
func (d discreet) Error() string {
	if e, ok := errors.AsType[smithy.APIError](d.error); ok {
		return e.ErrorCode() + d.request()
	}
	if e, ok := errors.AsType[*net.OpError](d.error); ok {
		return e.Error()
	}
	if errors.Is(d.error, context.DeadlineExceeded) {
		return context.DeadlineExceeded.Error()
	}
	return fmt.Sprintf("an error of type %T", innermost(d.error)) + d.request()
}

func (d discreet) request() string {
	if e, ok := errors.AsType[*awshttp.ResponseError](d.error); ok {
		return fmt.Sprintf(" (status %d, request %s)", e.HTTPStatusCode(), e.ServiceRequestID())
	}
	return ""
}

func innermost(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}
