using Tally.Contracts.V1;

namespace Tally.Bench.Servers;

/// <summary>The work that bare and echo both do, so that their ratio is the price of Tally.Grpc alone.</summary>
internal static class Addition
{
    public static AddReply Answer(AddRequest request, long sequence)
    {
        if (!Amount.TryParse(request.A, out var a) || !Amount.TryParse(request.B, out var b))
        {
            throw new InvalidDataException("The generator sends amounts only.");
        }

        return new AddReply { Result = (a + b).ToString(), Position = new Position { Shard = 1, Epoch = 1, Sequence = sequence } };
    }
}
