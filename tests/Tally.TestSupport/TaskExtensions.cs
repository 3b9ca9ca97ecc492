using System.Runtime.CompilerServices;

namespace Tally.TestSupport;

/// <summary>Timeouts that say where they were.</summary>
public static class TaskExtensions
{
    /// <summary>Waits for a task, but not for ever.</summary>
    /// <param name="task">The task.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="what">The task's text.</param>
    /// <param name="file">Who waits.</param>
    /// <param name="line">Where.</param>
    /// <exception cref="TimeoutException">It didn't complete in time.</exception>
    public static async Task Within(
        this Task task,
        TimeSpan patience,
        [CallerArgumentExpression(nameof(task))] string what = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(task);
        try
        {
            await task.WaitAsync(patience);
        }
        catch (TimeoutException late) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Not within {patience.TotalSeconds:0.#} s at {Path.GetFileName(file)}:{line}: {what}", late);
        }
    }

    /// <summary>Waits for a task, but not for ever.</summary>
    /// <typeparam name="T">What the task gives.</typeparam>
    /// <param name="task">The task.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="what">The task's text.</param>
    /// <param name="file">Who waits.</param>
    /// <param name="line">Where.</param>
    /// <exception cref="TimeoutException">It didn't complete in time.</exception>
    public static async Task<T> Within<T>(
        this Task<T> task,
        TimeSpan patience,
        [CallerArgumentExpression(nameof(task))] string what = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(task);
        await ((Task)task).Within(patience, what, file, line);
        return await task;
    }
}
