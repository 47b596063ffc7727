package services

import "regexp"

// ECRImage is an image in a repository of Amazon ECR.
type ECRImage struct {
	Account, Region, Repository string
	// Version is a tag, or a digest such as "sha256:…".
	Version string
}

var ecrReference = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)[:@]?(.*)$`)

// ECR reads the image's registry reference; ok is false when it is not in ECR.
func (i Image) ECR() (image ECRImage, ok bool) {
	parts := ecrReference.FindStringSubmatch(i.Registry)
	if parts == nil {
		return ECRImage{}, false
	}
	image = ECRImage{Account: parts[1], Region: parts[2], Repository: parts[3], Version: parts[4]}
	if image.Version == "" {
		image.Version = "latest"
	}
	return image, true
}
