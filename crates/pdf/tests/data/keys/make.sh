#!/bin/sh
# Makes the keys of the tests again. They sign nothing outside the tests.
set -eu
cd "$(dirname "$0")"
serial=1
issue() { # name, key options, subject, extensions, issuer
    openssl genpkey $2 -out "$1.key" 2>/dev/null
    openssl req -new -key "$1.key" -subj "$3" -utf8 -out "$1.csr"
    printf '%s\n' "$4" > "$1.ext"
    if [ "$5" = self ]; then signer="-signkey $1.key"; else signer="-CA $5.pem -CAkey $5.key"; fi
    openssl x509 -req -in "$1.csr" $signer -set_serial $serial -days 20000 -sha256 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    serial=$((serial + 1))
    rm "$1.csr" "$1.ext"
}
rsa='-algorithm RSA -pkeyopt rsa_keygen_bits:2048'
p256='-algorithm EC -pkeyopt ec_paramgen_curve:P-256'
ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
leaf='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,nonRepudiation'
issue root "$rsa" '/C=ID/O=Akar Uji/CN=Akar Uji' "$ca" self
issue middle "$p256" '/C=ID/O=Akar Uji/CN=Penerbit Uji' "$ca" root
issue official "$rsa" '/C=ID/O=Pemerintah Kabupaten Uji/OU=Dinas Perizinan/CN=Siti Aminah/title=Kepala Dinas Perizinan' "$leaf" middle
issue seal "$p256" '/C=ID/O=Pemerintah Kabupaten Uji/CN=Segel Kabupaten Uji' "$leaf" middle
issue weak '-algorithm RSA -pkeyopt rsa_keygen_bits:1024' '/CN=Terlalu Pendek' "$leaf" middle
issue p384 '-algorithm EC -pkeyopt ec_paramgen_curve:P-384' '/CN=Kurva Lain' "$leaf" middle
cat middle.pem >> official.pem
cat middle.pem >> seal.pem
rm middle.key root.key weak.key p384.key
