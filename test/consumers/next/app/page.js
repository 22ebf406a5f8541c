export default function Page() {
  return <p>Recipes</p>
}
