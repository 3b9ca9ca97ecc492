using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tally.AppHost.Commands.Output;

/// <summary>For programs: exactly one object on standard output, also when the command failed, be it before its answer or after.</summary>
internal sealed class JsonOutput(Terminal terminal) : CommandOutput(terminal)
{
    private bool _hasAnswered;

    public override void Answer<T>(T answer, JsonTypeInfo<T> shape, Action<TextAnswer> text)
    {
        _hasAnswered = true;
        Terminal.Out.WriteLine(JsonSerializer.Serialize(answer, shape));
    }

    protected override void WriteFailure(CommandException failure)
    {
        if (_hasAnswered)
        {
            Note(failure.Words);
        }
        else
        {
            Answer(new FailureAnswer(Ok: false, new ErrorAnswer(failure.Code, failure.Message)), Answers.Readable.FailureAnswer, _ => { });
        }
    }
}
