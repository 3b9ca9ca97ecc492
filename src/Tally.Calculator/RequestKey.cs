using System.Text;
using Grpc.Core;
using Tally.Outbox;

namespace Tally.Calculator;

/// <summary>An idempotency key with what was asked: both amounts in their shortest form and in their order, so that "1" and "1.0" are the same request.</summary>
internal static class RequestKey
{
    /// <exception cref="RpcException">The key is too long.</exception>
    public static IdempotencyKey Of(string key, Amount a, Amount b)
    {
        var bytes = Encoding.UTF8.GetByteCount(key);
        if (bytes > IdempotencyKey.MaxBytes)
        {
            throw Faults.NotStored(
                StatusCode.InvalidArgument, $"idempotency_key has {bytes} bytes of UTF-8; allowed: up to {IdempotencyKey.MaxBytes}.");
        }

        Span<byte> fingerprint = stackalloc byte[(2 * Amount.MaxLength) + 1];
        a.TryFormat(fingerprint, out var length);
        fingerprint[length++] = (byte)' ';
        b.TryFormat(fingerprint[length..], out var second);
        return new IdempotencyKey(key, fingerprint[..(length + second)]);
    }
}
