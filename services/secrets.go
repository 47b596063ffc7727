package services

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Secret is where the value of a variable is kept: exactly one of Secret and Parameter
// is set.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
type Secret struct {
	// Secret is the complete ARN of a secret of Secrets Manager, or the name of one in
	// the environment's own account and region. A name that ends in a hyphen and six
	// characters could be that of another secret with its suffix: give the ARN.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
	Secret string
	// Key is a key of the JSON object in Secret. Empty means the whole text.
	Key string
	// Parameter is the name of a parameter of Systems Manager in the environment's own
	// account and region, such as "/shop/database", or its ARN.
	Parameter string
	// EncryptionKey is the ARN of the customer managed key that encrypts either. Empty
	// means a key that AWS manages.
	EncryptionKey string
}

var (
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
	secretName    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	secretSuffix  = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
	secretARN     = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$`)
	secretJSONKey = regexp.MustCompile(`^[^:\s]+$`)
	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
	parameterName = regexp.MustCompile(`^(/?[A-Za-z0-9_.-]+)+$`)
	parameterARN  = regexp.MustCompile(`^arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter(/[A-Za-z0-9_.-]+)+$`)
	keyARN        = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$`)
)

// ARN returns the ARN of the secret or the parameter. That of a secret by its name has no
// suffix.
func (s Secret) ARN(p Place) string {
	switch {
	case strings.HasPrefix(s.Secret+s.Parameter, "arn:"):
		return p.Resolve(s.Secret + s.Parameter)
	case s.Parameter != "":
		return p.arn("ssm", "parameter/"+strings.TrimPrefix(s.Parameter, "/"))
	}
	return p.arn("secretsmanager", "secret:"+s.Secret)
}

// ValueFrom returns what a container definition says of the secret.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
func (s Secret) ValueFrom(p Place) string {
	if s.Key == "" {
		return s.ARN(p)
	}
	return s.ARN(p) + ":" + s.Key + "::"
}

// Resource returns what a policy names to allow reading the secret and no other. Secrets
// Manager adds a hyphen and six characters to a name.
func (s Secret) Resource(p Place) string {
	if s.Parameter != "" || strings.HasPrefix(s.Secret, "arn:") {
		return s.ARN(p)
	}
	return s.ARN(p) + "-??????"
}

// Service returns the service of AWS that keeps the secret, by the word that begins its
// actions: "secretsmanager" or "ssm".
func (s Secret) Service() string {
	if s.Parameter != "" {
		return "ssm"
	}
	return "secretsmanager"
}

func (s Secret) check() error {
	switch {
	case (s.Secret == "") == (s.Parameter == ""):
		return fmt.Errorf("want exactly one of Secret and Parameter")
	case s.Parameter != "" && s.Key != "":
		return fmt.Errorf("a parameter has no keys: leave Key empty")
	case s.Key != "" && !secretJSONKey.MatchString(s.Key):
		return fmt.Errorf("key %q: want a key of a JSON object, without colons and spaces", s.Key)
	case s.EncryptionKey != "" && !keyARN.MatchString(somewhere.Resolve(s.EncryptionKey)):
		return fmt.Errorf("encryption key %q: want the ARN of a KMS key, or nothing for a key that AWS manages", s.EncryptionKey)
	case s.Parameter != "":
		return s.checkParameter()
	}
	return s.checkSecret()
}

func (s Secret) checkSecret() error {
	isARN := strings.HasPrefix(s.Secret, "arn:")
	switch {
	case isARN && !secretARN.MatchString(somewhere.Resolve(s.Secret)):
		return fmt.Errorf("secret %q: want the complete ARN, which ends in a hyphen and six characters", s.Secret)
	case !isARN && !secretName.MatchString(s.Secret):
		return fmt.Errorf("secret %q: want a name or the ARN of a secret of Secrets Manager", s.Secret)
	case !isARN && secretSuffix.MatchString(s.Secret):
		return fmt.Errorf("secret %q ends as the ARN of another secret may: want the complete ARN, which ends in a hyphen and six more "+
			"characters", s.Secret)
	}
	return nil
}

func (s Secret) checkParameter() error {
	isARN := strings.HasPrefix(s.Parameter, "arn:")
	if isARN && !parameterARN.MatchString(somewhere.Resolve(s.Parameter)) || !isARN && !parameterName.MatchString(s.Parameter) {
		return fmt.Errorf("parameter %q: want a name or the ARN of a parameter of Systems Manager", s.Parameter)
	}
	return nil
}

// checkSecrets refuses a secret that is nowhere, and a variable that is set twice.
func (s Service) checkSecrets() error {
	for _, name := range slices.Sorted(maps.Keys(s.Needs.Secrets)) {
		if err := checkVariable(name); err != nil {
			return err
		}
		if _, taken := s.Environment[name]; taken {
			return fmt.Errorf("variable %s is in Environment and in Secrets: remove one", name)
		}
		if err := s.Needs.Secrets[name].check(); err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
	}
	return nil
}
