package account

import (
	"errors"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
)

// An error of AWS is one line, and one of credentials says what to do.
func TestExplained(t *testing.T) {
	assert.NoError(t, Explained(nil))
	assert.EqualError(t, Explained(errors.New("first\nsecond")), "first")
	assert.EqualError(t, Explained(&smithy.GenericAPIError{Code: "AccessDenied"}), "AccessDenied: AWS gives no reason")
	assert.EqualError(t, Explained(&smithy.GenericAPIError{Code: "ExpiredToken", Message: "old"}),
		"the credentials have expired or are wrong: sign in again: ExpiredToken: old")
}
