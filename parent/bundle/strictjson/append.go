package strictjson

import "unicode/utf8"

// AppendString appends text as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendString(buffer []byte, text string) []byte {
	const hexadecimal = "0123456789abcdef"
	buffer = append(buffer, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			buffer = append(buffer, '\\', byte(r))
		case r < ' ':
			buffer = append(buffer, '\\', 'u', '0', '0', hexadecimal[r>>4], hexadecimal[r&15])
		default:
			buffer = utf8.AppendRune(buffer, r)
		}
	}
	return append(buffer, '"')
}
