"""A certificate of our own for signing, with the authority that issued it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def made() -> tuple[bytes, bytes]:
    """(chain, key) as PEM."""
    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _begun("Authority", "Authority", above).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    authority = _uses(authority, "key_cert_sign", "crl_sign")
    leaf = _begun("Acme Studio", "Authority", own)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = _uses(leaf, "digital_signature")
    leaf = leaf.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
    ).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False
    )
    signed = [leaf.sign(above, hashes.SHA256()), authority.sign(above, hashes.SHA256())]
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in signed)
    return chain, own.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _begun(name: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer))
    return (
        builder.public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 365 * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _uses(builder: x509.CertificateBuilder, *wanted: str) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(**{name: name in wanted for name in USES})
    return builder.add_extension(usage, critical=True)
