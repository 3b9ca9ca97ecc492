using Google.Rpc;
using Grpc.Core;
using Tally.Calculator.Tests.Support;
using Tally.Outbox;

namespace Tally.Calculator.Tests;

public sealed class FaultsTests
{
    [Theory]
    [InlineData(OutboxFault.Full, StatusCode.ResourceExhausted, "no")]
    [InlineData(OutboxFault.Unavailable, StatusCode.Unavailable, "no")]
    [InlineData(OutboxFault.OutcomeUnknown, StatusCode.Unavailable, null)]
    [InlineData(OutboxFault.TooLarge, StatusCode.InvalidArgument, "no")]
    [InlineData(OutboxFault.Refused, StatusCode.OutOfRange, "no")]
    [InlineData(OutboxFault.EncoderFailed, StatusCode.Internal, "no")]
    public void Each_fault_has_its_status_and_only_what_may_be_stored_has_no_trailer(OutboxFault fault, StatusCode code, string? stored)
    {
        var told = Faults.From(new OutboxException(fault, "Why.", new InvalidOperationException("inside")));

        Assert.Equal(new Grpc.Core.Status(code, "Why."), told.Status);
        Assert.Equal(stored, told.Trailers.GetValue(CalculatorHost.StoredTrailer));
    }

    [Fact]
    public void Who_is_refused_since_too_many_wait_is_told_when_to_come_back()
    {
        var told = Faults.From(new OutboxException(OutboxFault.Full, "Why.") { RetryAfter = TimeSpan.FromMilliseconds(250) });

        var details = Google.Rpc.Status.Parser.ParseFrom(told.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal(((int)StatusCode.ResourceExhausted, "Why."), (details.Code, details.Message));
        Assert.Equal(250, Assert.Single(details.Details).Unpack<RetryInfo>().RetryDelay.ToTimeSpan().TotalMilliseconds);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("1e5", "'1e5'")]
    [InlineData("\u001b[31m1\r\n", "'?[31m1??'")]
    [InlineData("1\ud83d\ude00", "'1??'")]
    public void A_callers_text_is_shown_without_what_could_disturb_a_terminal(string text, string shown) => Assert.Equal(shown, Faults.Show(text));

    [Fact]
    public void A_callers_text_is_shown_in_part_when_it_is_long() => Assert.Equal($"'{new string('7', 50)}…'", Faults.Show(new string('7', 51)));
}
